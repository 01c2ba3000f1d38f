//! Traditional characters to simplified ones: the pairs that customers of a shop write, one character to one.

use std::collections::HashMap;
use std::sync::LazyLock;

const TRADITIONAL: &str = "\
貨買賣運費退訂單發票時間價錢優惠務員產質量號碼長寬訊電話號郵寄編輯麼嗎啊個們這裡裏說話請問謝對會還沒來過給讓應該為與從後幾開關門車東書寫學習國語\
萬億兩點種類樣款顏紅綠藍黃銀銅鐵鋼錄鍵盤螢幕腦機網絡線路連結圖畫頁麵條飯飲藥醫療傷險雙隻條頭髮臉膚體骨齒腳襪鞋褲裙衣衛巾絲綢緞織縫紐釦鏈圓邊\
緊鬆輕軟濕乾淨熱涼溫級別選擇換補償賠責任證據檢驗測試維修壞損舊極無當實際現場廠銷售購員團隊倉庫存儲備齊達區縣鄉鎮灣島陽陰雲霧風飛馬鳥魚龍龜\
變讀聽見覺親愛歡樂禮節慶賀禱願懷憶戀戲劇藝術導師傳統計劃則據報導總經濟組織協議認識許諾約準備執行為嘗試歷曆曉曬暫樓橋樹機權歐歲殺毀決減測滿\
漲濾濃灑燈燒營爐爭牆獨獲獎環產畢異療盡監盤確禦穩窩簡簽築範紀純紙細終結絕統經綜緣縮總繳繼續罰羅義習職聯聲聽肅腫膠臨興舉艙莊華葉蓋處虛蟲補裝\
複規視覽觀觸訪設許訴診評詢試詳誠誤調談諾謹證識警護譽負財貢貧貼貴貸費貿資賓賞賴贈贊趕趙跡踐躍軌較載輔輛輪輸轉辦農遞遠適遲選遺邏鄰醬釋針鈕錯鍋\
鎖鏡鐘閃閉閱闊陳陸隨難離雜雞雖霜靜頂項順預頓領頻題額願顧顯類飾館驗驚髒麗齡將參嚴勸夾內兒誰夠掛標繡襯燙剛動戶帳賬棄殘氣稅紗絨纖彈戰綁藏";
const SIMPLIFIED: &str = "\
货买卖运费退订单发票时间价钱优惠务员产质量号码长宽讯电话号邮寄编辑么吗啊个们这里里说话请问谢对会还没来过给让应该为与从后几开关门车东书写学习国语\
万亿两点种类样款颜红绿蓝黄银铜铁钢录键盘萤幕脑机网络线路连结图画页面条饭饮药医疗伤险双只条头发脸肤体骨齿脚袜鞋裤裙衣卫巾丝绸缎织缝纽扣链圆边\
紧松轻软湿干净热凉温级别选择换补偿赔责任证据检验测试维修坏损旧极无当实际现场厂销售购员团队仓库存储备齐达区县乡镇湾岛阳阴云雾风飞马鸟鱼龙龟\
变读听见觉亲爱欢乐礼节庆贺祷愿怀忆恋戏剧艺术导师传统计划则据报导总经济组织协议认识许诺约准备执行为尝试历历晓晒暂楼桥树机权欧岁杀毁决减测满\
涨滤浓洒灯烧营炉争墙独获奖环产毕异疗尽监盘确御稳窝简签筑范纪纯纸细终结绝统经综缘缩总缴继续罚罗义习职联声听肃肿胶临兴举舱庄华叶盖处虚虫补装\
复规视览观触访设许诉诊评询试详诚误调谈诺谨证识警护誉负财贡贫贴贵贷费贸资宾赏赖赠赞赶赵迹践跃轨较载辅辆轮输转办农递远适迟选遗逻邻酱释针钮错锅\
锁镜钟闪闭阅阔陈陆随难离杂鸡虽霜静顶项顺预顿领频题额愿顾显类饰馆验惊脏丽龄将参严劝夹内儿谁够挂标绣衬烫刚动户帐账弃残气税纱绒纤弹战绑藏";

static PAIRS: LazyLock<HashMap<char, char>> =
    LazyLock::new(|| TRADITIONAL.chars().zip(SIMPLIFIED.chars()).filter(|(from, to)| from != to).collect());

/// The simplified form of `c`, or `c` itself.
pub(super) fn simplified(c: char) -> char {
    if c < '\u{4e00}' { c } else { PAIRS.get(&c).copied().unwrap_or(c) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_lists_run_in_step() {
        assert_eq!(TRADITIONAL.chars().count(), SIMPLIFIED.chars().count());
        for (from, to) in TRADITIONAL.chars().zip(SIMPLIFIED.chars()) {
            assert_eq!(simplified(from), to, "{from}");
            assert_eq!(simplified(to), to, "{to} is simplified already");
        }
    }

    #[test]
    fn a_customer_from_taipei_is_understood() {
        let text: String = "請問運費怎麼算？發票什麼時候寄？我要退貨換尺碼".chars().map(simplified).collect();
        assert_eq!(text, "请问运费怎么算？发票什么时候寄？我要退货换尺码");
    }
}
