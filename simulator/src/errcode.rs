//! The errcodes of WeCom that the simulator answers with (wecom 90313, 94677).

use serde_json::{Value, json};

/// An errcode; 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Errcode(pub i64);

macro_rules! errcodes {
    ($($name:ident = $code:literal, $says:literal;)*) => {
        impl Errcode {
            $(#[doc = $says] pub const $name: Errcode = Errcode($code);)*

            /// The English `errmsg`, without the hint.
            pub fn says(self) -> &'static str {
                match self {
                    $(Errcode::$name => $says,)*
                    _ => "refused",
                }
            }
        }
    };
}

errcodes! {
    OK = 0, "ok";
    BUSY = -1, "system busy";
    BAD_SECRET = 40001, "invalid credential";
    BAD_USERID = 40003, "invalid userid";
    MEDIA_TYPE = 40004, "invalid media type";
    FILE_TYPE = 40005, "invalid file type";
    FILE_SIZE = 40006, "invalid file size";
    MEDIA_ID = 40007, "invalid media_id";
    MESSAGE_TYPE = 40008, "invalid message type";
    CORP_ID = 40013, "invalid corpid";
    TOKEN_INVALID = 40014, "invalid access_token";
    MENU_COUNT = 40016, "invalid number of menu buttons";
    MENU_TYPE = 40017, "invalid menu button type";
    MENU_NAME = 40018, "invalid menu button name length";
    MENU_KEY = 40019, "invalid menu button key length";
    MENU_URL = 40020, "invalid menu button url length";
    SUB_MENU_COUNT = 40023, "invalid number of sub buttons";
    SUB_MENU_TYPE = 40024, "invalid sub button type";
    SUB_MENU_NAME = 40025, "invalid sub button name length";
    SUB_MENU_KEY = 40026, "invalid sub button key length";
    SUB_MENU_URL = 40027, "invalid sub button url length";
    OAUTH_CODE = 40029, "invalid code";
    MENU_URL_FORM = 40055, "invalid menu button url";
    AGENT_ID = 40056, "invalid agentid";
    PARAMETER = 40058, "invalid parameter";
    EXTERNAL_USER = 40096, "invalid external userid";
    TOKEN_MISSING = 41001, "access_token missing";
    CORP_ID_MISSING = 41002, "corpid missing";
    SECRET_MISSING = 41004, "secret missing";
    MEDIA_MISSING = 41005, "media data missing";
    MEDIA_ID_MISSING = 41006, "media_id missing";
    CODE_MISSING = 41008, "code missing";
    USERID_MISSING = 41009, "userid missing";
    TOKEN_EXPIRED = 42001, "access_token expired";
    OAUTH_CODE_EXPIRED = 42003, "code expired";
    TASK_ID = 42014, "invalid task_id";
    KEYNAME = 42027, "invalid keyname";
    URL = 42028, "invalid url";
    CARD_MEDIA_ID = 42029, "invalid media_id in card";
    APP_ID = 42030, "invalid appid";
    CARD_TYPE = 42031, "invalid card_type";
    CARD_TITLE = 42033, "invalid title";
    HORIZONTAL_LIST = 42035, "invalid length of horizontal_content_list";
    VERTICAL_LIST = 42036, "invalid length of vertical_content_list";
    OPTION_LIST = 42037, "invalid length of option_list";
    BUTTON_TEXT = 42038, "invalid button text";
    BUTTON_KEY = 42039, "invalid button key";
    OPTION_ID = 42040, "invalid option id";
    OPTION_TEXT = 42041, "invalid option text";
    JUMP_LIST = 42042, "invalid length of jump_list";
    QUESTION_KEY = 42043, "invalid question_key";
    CARD_IMAGE = 42044, "invalid card_image url";
    CARD_ACTION = 42045, "invalid card_action";
    SUBMIT_KEY = 42046, "invalid submit_button key";
    SELECT_LIST = 42047, "invalid length of select_list";
    SUBMIT_TEXT = 42049, "invalid submit_button text";
    CARD_USERID = 42050, "invalid userid in card";
    ACTION_KEY = 42051, "repeated key in action_menu";
    RECALL_LATE = 42052, "msgid is older than 24 hours";
    OAUTH_CODE_USED = 42022, "code used already";
    NO_CALLBACK = 43012, "the app has no callback url";
    MEDIA_EMPTY = 44001, "empty media data";
    TEXT_EMPTY = 44004, "empty text";
    MEDIA_BIG = 45001, "media too big";
    TEXT_LONG = 45002, "content too long";
    FREQUENCY = 45009, "api freq out of limit";
    URL_SCHEME = 45034, "url without http or https";
    NO_MENU = 46003, "no menu";
    USER_NOT_FOUND = 60111, "userid not found";
    RESPONSE_CODE = 60140, "invalid response_code";
    NO_RECIPIENT = 81012, "touser, toparty and totag are empty";
    ALL_INVALID = 81013, "all recipients are invalid";
    MANY_USERS = 82003, "too many users";
    KF_ACCOUNT = 95000, "invalid open_kfid";
    KF_QUOTA = 95001, "more than five messages";
    KF_WINDOW = 95002, "more than 48 hours";
    KF_ACCOUNT_MISSING = 95004, "open_kfid missing";
    KF_TOKEN = 95007, "invalid msg token";
    KF_MENU_LIST = 95008, "more than ten menu items";
    KF_MENU_TYPE = 95009, "invalid menu item type";
    KF_ENDED = 95013, "session ended";
    KF_NOT_SERVICER = 95014, "not a servicer";
    KF_TRANSITION = 95016, "transition not allowed";
    KF_STATE = 95018, "the session's state forbids sending";
    KF_SERVICER_STOPPED = 95019, "the servicer is not receiving";
    KF_NO_CONSULT = 95031, "no consultation within 48 hours";
    CHAT_ID = 93006, "invalid chatid";
    BOT_ID = 93019, "invalid bot_id";
    BOT_SECRET = 853000, "signature is incorrect, please check if the bot secret is correct";
    REQ_ID = 846605, "invalid req_id";
    STREAM_OVER = 846608, "stream message update expired";
    NOT_SUBSCRIBED = 846609, "aibot websocket not subscribed";
    FILE_RANGE = 830002, "file too large for one request";
    NOT_OF_TOKEN = 301002, "agentid is not of this token";
}

impl Errcode {
    /// The JSON that WeCom answers with, at HTTP 200. `hint` is the number that support asks for.
    pub(crate) fn answer(self, hint: u64) -> Value {
        let code = self.0;
        let more = format!("more info at https://open.work.weixin.qq.com/devtool/query?e={code}");
        json!({"errcode": code, "errmsg": format!("{}, hint: [{hint}], from ip: 127.0.0.1, {more}", self.says())})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_its_code() {
        let answer = Errcode::KF_QUOTA.answer(17);
        assert_eq!(answer["errcode"], 95_001);
        assert!(answer["errmsg"].as_str().unwrap().contains("hint: [17]"));
    }
}
