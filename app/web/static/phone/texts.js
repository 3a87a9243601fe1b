/** What the page says, in Hebrew. Words are data: the code says when. */

/** The microphone's states: what is so and what to do; `button` is the one thing to press. */
export const MICROPHONE = {
  insecure: { text: "הדפדפן נותן מיקרופון רק בכתובת מאובטחת. פתחו את הדף ב־https או ב־localhost.", button: "טעינה מחדש" },
  unsupported: { text: "בדפדפן הזה אי אפשר לדבר מכאן. פתחו את הדף בגרסה עדכנית של Chrome, Firefox או Safari.", button: "טעינה מחדש" },
  idle: { text: "לחצו על הכפתור הירוק ודברו. הדפדפן יבקש רשות למיקרופון.", button: "" },
  asking: { text: "הדפדפן מבקש רשות למיקרופון: אשרו בחלונית שנפתחה ליד שורת הכתובת.", button: "ביטול" },
  denied: { text: "המיקרופון חסום לדף הזה.", button: "ניסיון נוסף" },
  dismissed: { text: "הבקשה נסגרה בלי תשובה. לחצו שוב ואשרו את המיקרופון.", button: "ניסיון נוסף" },
  no_device: { text: "לא נמצא מיקרופון. חברו מיקרופון או אוזניות ונסו שוב.", button: "ניסיון נוסף" },
  busy: { text: "המיקרופון תפוס בתוכנה אחרת. סגרו אותה ונסו שוב.", button: "ניסיון נוסף" },
  lost: { text: "המיקרופון נותק. השיחה נמשכת, אבל לא שומעים אתכם.", button: "מעבר למיקרופון אחר" },
  silent: { text: "לא שומעים אתכם: המיקרופון שקט. בדקו שאינו מושתק, או בחרו מיקרופון אחר.", button: "בחירת מיקרופון" },
  audio_blocked: { text: "הדפדפן עצר את הקול של הדף.", button: "הפעלת הקול" },
};

/** How a blocked microphone is allowed again, by browser. */
export const ALLOW_AGAIN = {
  chromium: "לחצו על הסמל שליד כתובת האתר, בחרו מיקרופון ואפשרו, ואז נסו שוב.",
  firefox: "לחצו על סמל המיקרופון המחוק בשורת הכתובת, הסירו את החסימה ונסו שוב.",
  safari: "בתפריט Safari בחרו הגדרות לאתר הזה, אפשרו מיקרופון ונסו שוב.",
};

export const CALL = {
  idle: "מוכן לשיחה",
  connecting: "מתקשרים…",
  listening: "הסוכנת מקשיבה",
  thinking: "הסוכנת חושבת",
  speaking: "הסוכנת מדברת",
  paused: "הסוכנת עצרה להקשיב",
  interrupted_by_system: "המערכת עצרה את הקול. געו במסך כדי להמשיך",
  ended: "השיחה הסתיימה",
  refused: "השרת לא קיבל את השיחה. טענו את הדף מחדש ונסו שוב",
  full: "כל הקווים תפוסים כרגע. נסו שוב בעוד רגע",
  too_many: "יותר מדי שיחות בדקה. חכו דקה ונסו שוב",
  server_gone: "החיבור לשרת נפל. בדקו שהשרת פועל ונסו שוב",
};

export const ENDED = {
  hung_up: "ניתקתם",
  agent_done: "הסוכנת סיימה את השיחה",
  max_call: "השיחה הגיעה לאורך המרבי",
  voice_lost: "אין לסוכנת קול: מנוע הדיבור לא עונה",
  ears_lost: "הסוכנת לא שומעת: מנועי התמלול לא עונים",
  fault: "תקלה בשרת. הפרטים ביומן שלו",
};

export const ECHO = "הסוכנת שומעת את עצמה. חברו אוזניות, או הנמיכו את הרמקול.";
export const SLOW_LINE = "הרשת איטית: הקול שלכם מגיע לשרת באיחור.";

export const NOT_MEASURED = "לא נמדד";

export const LABELS = {
  caller: "אתם",
  agent: "הסוכנת",
  mute: "השתקה",
  unmute: "ביטול השתקה",
  call: "התקשרות",
  hang_up: "ניתוק",
  unknown_device: "מיקרופון",
  unknown_speaker: "רמקול",
  default_device: "ברירת המחדל",
  granted: "הדפדפן נתן",
  on: "פועל",
  off: "כבוי",
  echoCancellation: "ביטול הד",
  noiseSuppression: "סינון רעשים",
  autoGainControl: "עוצמה אוטומטית",
  nothing_heard: "לא נשמעו מילים",
  not_heard: "לא נשמע",
  confirmed: "אושר",
  hole: "הפסקה בקול הסוכנת",
};
