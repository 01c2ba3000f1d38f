//! What a page looks like under a guise.

use super::{Drift, Guise};

/// The page as it is sent.
pub(super) fn dressed(html: String, guise: Guise, port: u16) -> String {
    let added = match guise {
        Guise::Redesigned => return redesigned(&html),
        Guise::Alert => "<script>alert('系统将于今晚升级，请提前保存工作')</script>".to_owned(),
        Guise::Overlay => {
            "<div class=\"modal open\"><div class=\"box\"><h2>新版工作台上线</h2><button type=\"button\">立即体验</button></div></div>"
                .to_owned()
        }
        Guise::Drifting(Drift::Within) => led("/visit/urge".to_owned()),
        Guise::Drifting(Drift::Abroad) => led(format!("http://localhost:{port}/visit/urge")),
        Guise::Usual | Guise::Expired | Guise::Captcha | Guise::Walled | Guise::Slow(_) | Guise::Broken => return html,
    };
    html.replace("</body>", &format!("{added}</body>"))
}

fn led(address: String) -> String {
    format!("<script>location.href = '{address}'</script>")
}

/// Built anew: other classes and labels, and where one button was, there is another one.
fn redesigned(html: &str) -> String {
    let changes = [
        ("class=\"order-head\"", "class=\"o2-summary\""),
        ("<dt>订单编号</dt>", "<dt>订单号</dt>"),
        ("<th>物流动态</th>", "<th>轨迹</th>"),
        ("<h1>售后详情</h1>", "<h1>退款/售后</h1>"),
        (
            "<button id=\"note-save\" type=\"submit\">保存备注</button>",
            "<button id=\"note-save\" type=\"submit\">发送给买家</button>",
        ),
        (
            "<button id=\"search\" type=\"submit\">查询</button>",
            "<button id=\"search\" type=\"submit\">批量发货</button>",
        ),
    ];
    changes.iter().fold(html.to_owned(), |html, (old, new)| html.replace(old, new))
}
