//! The phone page without a bot: `cargo run -p simulator --example phone`, then open the address it prints.
//!
//! A simulated WeCom with invented people; sample cards go out through its real API; taps are answered by a callback
//! that takes everything and decides nothing.

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use simulator::{Settings, Simulator};

const KF: &str = "wkFlagship";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sim = Simulator::start(Settings::default()).await?;
    let port = std::env::args().nth(1).map_or(Ok(8090), |port| port.parse())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    people(&sim);
    sim.set_callback_url(&format!("{origin}/callback/wecom"));
    let silent_bot = Router::new().route("/callback/wecom", get(|| async {}).post(|| async {}));
    let app = simulator::phone::router(sim.clone()).merge(silent_bot);
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    sample(&sim, &origin).await?;
    println!("{origin}");
    Ok(serving.await??)
}

fn people(sim: &Simulator) {
    sim.add_kf_account(KF, "云朵旗舰店");
    for (id, nickname) in [("wmXiaoman", "小满"), ("wmAze", "阿泽"), ("wmLily", "Lily")] {
        sim.add_customer(id, nickname);
    }
    let members = [
        ("LiHua", "李华", "reviewer"),
        ("ZhaoLiu", "赵六", "reviewer"),
        ("WangWu", "王五", "supervisor"),
        ("SunQi", "孙七", "admin"),
    ];
    for (userid, name, role) in members {
        sim.add_member_as(userid, name, role);
    }
}

async fn sample(sim: &Simulator, origin: &str) -> anyhow::Result<()> {
    let api = Api::signed_in(sim).await?;
    let menu = json!({"button": [{"name": "待办", "type": "click", "key": "queue"},
        {"name": "暂停", "sub_button": [{"name": "全店暂停", "type": "click", "key": "pause"}, {"name": "恢复", "type": "click", "key": "resume"}]},
        {"name": "更多", "sub_button": [{"name": "上班", "type": "click", "key": "on"}, {"name": "今日报告", "type": "click", "key": "report"}]}]});
    api.call("menu/create", "&agentid=1000002", &menu).await?;
    sim.customer_says(KF, "wmAze", "都签收三天了怎么还没退").await?;
    sim.customer_says(KF, "wmXiaoman", "在吗").await?;
    sim.customer_says(KF, "wmXiaoman", "羊毛衫会起球吗？我上一件穿两次就起了").await?;
    api.send(
        "LiHua",
        "text",
        json!({"content": format!("早上好，今天有 2 件待办。<a href=\"{origin}/\">打开队列</a>")}),
    )
    .await?;
    let refund = draft(
        "case-80-r1",
        "云朵旗舰店 · 2/2",
        ("退款进度 · 中风险", "#80 · 剩 0:52 · 可回 5 条"),
        ("都签收三天了怎么还没退", "您好，退款已于 6 月 12 日原路退回，银行一般 1–3 个工作日到账，请您留意。〔k2m9〕"),
        &[("依据", "退款时效 v12"), ("订单", "…4471 已签收 6/12"), ("风险", "含金额 · 未满样本")],
    );
    api.send("ZhaoLiu", "template_card", refund).await?;
    let wool = draft(
        "case-81-r1",
        "云朵旗舰店 · 1/2",
        ("面料护理 · 低风险", "#81 · 剩 9:42 · 可回 5 条"),
        (
            "羊毛衫会起球吗？我上一件穿两次就起了",
            "您好，羊毛衫在袖口、腋下等摩擦多的地方可能会轻微起球，属正常现象。建议反面手洗、平铺晾干；起球后用去球器轻轻修剪即可。〔7f3k〕",
        ),
        &[("依据", "羊毛衫护理 v12 · 至 8/30"), ("风险", "低 · 知识库原文"), ("上文", "首次咨询"), ("负责", "李华")],
    );
    api.send("LiHua", "template_card", wool).await?;
    let why = json!({"card_type": "vote_interaction", "task_id": "ask-80", "source": {"desc": "云朵旗舰店"}, "main_title": {"title": "拒绝 #80 的原因", "desc": "只记给团队，不会发给顾客"},
        "checkbox": {"question_key": "why", "mode": 0, "option_list": [{"id": "1", "text": "事实错"}, {"id": "2", "text": "语气不合适"}, {"id": "3", "text": "规则用错"}]}, "submit_button": {"text": "确认拒绝", "key": "reject"}});
    api.send("WangWu", "template_card", why).await?;
    let report = json!({"card_type": "text_notice", "main_title": {"title": "清空了 12 件", "desc": "退回 1 件"}, "emphasis_content": {"title": "8.4 秒", "desc": "每件中位用时"},
        "horizontal_content_list": [{"keyname": "发送", "value": "11"}], "card_action": {"type": 1, "url": format!("{origin}/")}});
    api.send("SunQi", "template_card", report).await
}

/// A review card: `(title, desc)`, `(the customer's words, the draft)`, rows of label and value.
fn draft(task: &str, source: &str, title: (&str, &str), said: (&str, &str), rows: &[(&str, &str)]) -> Value {
    let rows: Vec<Value> = rows.iter().map(|(keyname, value)| json!({"keyname": keyname, "value": value})).collect();
    let hints: Vec<Value> = ["更短", "更软", "补运单号"].iter().map(|hint| json!({"id": hint, "text": hint})).collect();
    let names = ["发送", "改", "转上级", "接手", "拒绝", "暂停"];
    let style = |place: usize| if place == 0 { 1 } else { 2 };
    let button =
        |(place, name): (usize, &&str)| json!({"text": name, "style": style(place), "key": format!("{task}-{place}")});
    json!({"card_type": "button_interaction", "task_id": task, "source": {"desc": source}, "main_title": {"title": title.0, "desc": title.1},
        "quote_area": {"quote_text": format!("顾客：{}", said.0)}, "sub_title_text": said.1, "horizontal_content_list": rows,
        "button_selection": {"question_key": "hint", "title": "改写", "option_list": hints}, "button_list": names.iter().enumerate().map(button).collect::<Vec<_>>()})
}

struct Api {
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Api {
    async fn signed_in(sim: &Simulator) -> anyhow::Result<Api> {
        let (client, base, settings) = (reqwest::Client::new(), sim.api_base(), sim.settings());
        let url = format!("{base}/gettoken?corpid={}&corpsecret={}", settings.corp_id, settings.secret);
        let answer: Value = client.get(url).send().await?.json().await?;
        Ok(Api { client, base, token: answer["access_token"].as_str().unwrap_or_default().to_owned() })
    }

    async fn call(&self, path: &str, query: &str, body: &Value) -> anyhow::Result<()> {
        let url = format!("{}/{path}?access_token={}{query}", self.base, self.token);
        let answer: Value = self.client.post(url).json(body).send().await?.json().await?;
        anyhow::ensure!(answer["errcode"] == 0, "{path}: {answer}");
        Ok(())
    }

    async fn send(&self, to: &str, msgtype: &str, content: Value) -> anyhow::Result<()> {
        let mut body = json!({"touser": to, "msgtype": msgtype, "agentid": 1_000_002});
        body[msgtype] = content;
        self.call("message/send", "", &body).await
    }
}
