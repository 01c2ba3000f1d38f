//! One file of every format, as a shop would write it (`tests/data`).

use knowledge::Kind;
use knowledge::import::{Fault, Imported, pdf_pages, read, read_pages};

use super::{data, defaults, item, said, told};

/// The last millisecond of a day in Shanghai.
fn end_of(day: &str) -> Option<i64> {
    let end = chrono::DateTime::parse_from_rfc3339(&format!("{day}T23:59:59.999+08:00")).unwrap();
    Some(end.timestamp_millis())
}

fn file(name: &str) -> Imported {
    read(name, &data(name), &defaults())
}

#[test]
fn a_messy_workbook() {
    let found = file("客服话术.xlsx");
    assert_eq!(
        said(&found)[..3],
        [
            ("退货 > 可以退吗", "签收后 7 天内可以退，吊牌要在。"),
            ("退货 > 退货运费谁出", "质量问题运费我们承担。\n\n不喜欢、拍错的由您承担，有运费险先用运费险。"),
            ("换货 > 怎么换码", "在订单里点“申请售后—换货”，收到退件后 3 天内寄出。"),
        ]
    );
    let first = item(&found, "能退货吗");
    assert_eq!(first.file_id.as_deref(), Some("r1"));
    assert_eq!(first.scope, "store=flagship,platform=tmall".parse().unwrap());
    assert_eq!(first.source, "客服话术.xlsx sheet 退换货 row 6");
    let fee = item(&found, "退货运费谁出");
    assert_eq!(fee.scope, "store=flagship".parse().unwrap(), "the store's cell holds for three rows");
    let exchange = item(&found, "想换个颜色怎么换");
    assert_eq!(exchange.questions, ["怎么换码", "想换个颜色怎么换"]);
    assert_eq!(exchange.valid_until, end_of("2026-12-31"));
    assert_eq!(
        told(&found.problems),
        [
            "客服话术.xlsx sheet 退换货 cell C13: no_answer",
            "客服话术.xlsx sheet 退换货 cell G14: date",
            "客服话术.xlsx sheet 价格 cell B9: no_answer",
            "客服话术.xlsx sheet 填写说明 row 1: header",
        ]
    );
    assert_eq!(
        told(&found.skipped),
        ["客服话术.xlsx sheet 退换货 cell D4: column", "客服话术.xlsx sheet 内部: hidden_sheet"]
    );
}

#[test]
fn prices_and_dates_stay_as_they_are_shown() {
    let found = file("客服话术.xlsx");
    for (question, answer) in [
        ("羊毛衫多少钱", "¥1,299.00"),
        ("围巾多少钱", "199元"),
        ("羽绒服多少钱", "￥899.00"),
        ("会员几折", "95%"),
        ("袜子多少钱", "9.9"),
        ("双十二几号开始", "2026年12月12日"),
        ("客服几点上班", "09:00"),
    ] {
        assert_eq!(item(&found, question).answer, answer);
    }
}

#[test]
fn a_document_with_headings_lists_tables_and_questions() {
    let found = file("售后手册.docx");
    assert_eq!(
        said(&found),
        [
            ("退换货 > 可以退吗？", "签收后 7 天内可以退，吊牌要在。\n- 外套、毛衣都可以\n- 内衣拆封后不退"),
            (
                "退换货 > 退款多久到账",
                "按付款方式：\n\n付款方式 | 到账 | 说明\n零钱 | 当天\n储蓄卡 | 1–3 个工作日 | 以银行为准\n信用卡 | 3–5 个工作日 | 以银行为准\n\n超过时间请联系我们。"
            ),
            ("退换货 > 怎么申请换货", "1. 打开订单，点“申请售后”\n2. 选“换货”和尺码\n3. 寄回后等我们发出"),
            (
                "常见问答 > 羊毛衫会起球吗？",
                "轻微起球属正常现象。\n可以用毛球修剪器轻轻修。\n\n严重起球 7 天内可以换。"
            ),
            ("常见问答 > 可以机洗吗？", "30 度以下手洗，平铺晾干。"),
            ("门店 > 门店在哪", "上海静安店：南京西路 88 号。\n\n杭州店：延安路 12 号。"),
            ("门店 > 几点关门", "晚上十点。"),
        ]
    );
    assert_eq!(item(&found, "能放洗衣机吗？").questions.len(), 2);
    assert_eq!(item(&found, "几点关门").owner, "zhaoliu");
    assert_eq!(item(&found, "可以退吗？").source, "售后手册.docx paragraph 4");
    assert_eq!(told(&found.problems), ["售后手册.docx paragraph 27: no_answer"]);
    assert_eq!(found.problems[0].place.heading.as_deref(), Some("常见问答"));
    assert_eq!(found.problems[0].about.as_deref(), Some("发什么快递？"));
}

#[test]
fn a_list_from_chinese_excel() {
    let found = file("双十二活动.csv");
    assert_eq!(
        said(&found),
        [
            ("双十二有什么活动", "全场满300减40，\n可与店铺券同用。"),
            ("满减是怎么算的", "按商品原价凑单，退货后重新计算。"),
            ("活动期间多久发货", "48小时内发出。"),
        ]
    );
    let campaign = item(&found, "双十二有什么活动");
    assert_eq!((campaign.kind, campaign.valid_until), (Kind::Campaign, end_of("2026-12-12")));
    assert_eq!(campaign.source, "双十二活动.csv line 4");
    assert_eq!(
        told(&found.problems),
        ["双十二活动.csv line 7 column 失效日期: campaign_end", "双十二活动.csv line 9 column 类型: kind"]
    );
}

#[test]
fn a_help_page() {
    let found = file("帮助中心.html");
    assert_eq!(
        said(&found),
        [
            ("帮助中心", "常见问题都在这里。"),
            (
                "帮助中心 > 配送 > 多久发货 ？",
                "16:00 前付款当天发出，之后次日发出。\n预售以页面为准。\n- 江浙沪 1–2 天\n- 其他地区 2–4 天"
            ),
            (
                "帮助中心 > 配送 > 运费怎么算",
                "地区 | 首件 | 续件\n江浙沪 | 0 元 | 0 元\n华北 | 0 元 | 2 元\n新疆、西藏 | 按实际运费\n\n详见运费说明 (https://shop.example/freight)。"
            ),
            ("帮助中心 > 发票 > 可以开专票吗", "可以，下单时填税号。"),
            ("帮助中心 > 发票 > 发票多久开出", "签收后 3 天内发到邮箱。"),
            ("帮助中心 > 会员 > 积分会过期吗", "每年 12 月 31 日清零。"),
        ]
    );
    assert_eq!(found.problems, []);
    assert_eq!(item(&found, "运费怎么算").source, "帮助中心.html line 19");
}

#[test]
fn a_text_with_numbered_questions() {
    let found = file("常见问题.txt");
    assert_eq!(
        said(&found),
        [
            ("尺码 > 165 穿多大？", "建议 M 码。\n喜欢宽松的拍 L 码。"),
            ("尺码 > 尺码不合适能换吗？", "能，7 天内免费换一次。"),
            ("洗护 > 羊毛衫怎么洗？", "冷水手洗，不能拧。"),
        ]
    );
    assert_eq!(found.problems, []);
    assert_eq!(item(&found, "尺码不合适能换吗？").source, "常见问题.txt line 9");
}

#[test]
fn a_pdf_with_text() {
    let pages = pdf_pages(&data("洗护说明.pdf")).unwrap();
    let found = read_pages("洗护说明.pdf", &pages, &defaults());
    assert_eq!(
        said(&found),
        [
            (
                "羊毛衫怎么洗？",
                "30 度以下冷水手洗，用羊毛专用洗涤剂，不要用力搓，不要拧，用毛巾吸干水分以后平铺在阴凉的地方晾干，不能挂着晾。"
            ),
            ("可以干洗吗？", "可以，告诉店家是羊毛。"),
            ("白色衬衫发黄怎么办？", "用含氧漂白剂泡 20 分钟再洗，不能用含氯的。"),
        ]
    );
    assert_eq!(item(&found, "白色衬衫发黄怎么办？").source, "洗护说明.pdf page 2");
}

#[test]
fn a_scan_is_refused_with_what_to_do() {
    let refused = pdf_pages(&data("尺码表扫描件.pdf")).unwrap_err();
    assert_eq!(refused, Fault::Scanned { pages: 1 });
    assert!(refused.to_string().contains("OCR"), "{refused}");
}
