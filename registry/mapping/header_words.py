"""What exports and registers call the contract's columns: English, Hindi, Marathi, and the survey
tools' short names.

Headers are parted by `|` and compared as sets of words, without case, units, months and marks.
"""

from __future__ import annotations

from registry.contract.tables import SPECS

_CHILD = """child id | child id no | child code | child no | child number | child uid |
child unique id | unique id |
unique child id | unique no | unique number | tracked entity | beneficiary id |
beneficiary code | beneficiary id no | beneficiary no |
registration no |
registration number |
registration id | reg no | regno | poshan tracker id | case id | caseid | participant id |
client id |
tracked entity instance | tei | tei uid | uid | idno | cid | childno | child serial code |
mcts id | rch id |
rch no | rch number | chid | बच्चे की आईडी | बच्चा आईडी | बच्चे का आईडी | लाभार्थी आईडी |
बच्चा कोड | बच्चे का कोड |
पंजीकरण संख्या | पंजीकरण क्रमांक | पंजीयन संख्या | नोंदणी नंबर | पंजीयन क्रमांक |
हितग्राही आईडी | हितग्राही कोड | बालकाचा आयडी | बालक आयडी |
लाभार्थी क्रमांक |
लाभार्थी आयडी | बालक कोड | बालकाचा कोड | नोंदणी क्रमांक | बालक क्रमांक"""
_CENTRE = """centre id | center id | centre code | center code | awc code | awc id | awc no |
awc number | awcid |
awccode | anganwadi code | anganwadi id | anganwadi centre code | anganwadi center code |
anganwadi no | awc |
org unit | org unit id | organisation unit | orgunit | facility id | facility code | owner id |
awc unique code |
आंगनवाड़ी कोड | आंगनबाड़ी कोड | आंगनवाड़ी केंद्र कोड | आंगनबाड़ी केन्द्र कोड | केंद्र कोड |
आंगनवाड़ी आईडी |
केन्द्र क्रमांक | अंगणवाडी कोड | अंगणवाडी केंद्र क्रमांक | अंगणवाडी क्रमांक | केंद्र क्रमांक |
अंगणवाडी केंद्र कोड"""

WORDS: dict[tuple[str, str], str] = {
    ("children", "child_id"): _CHILD,
    (
        "children",
        "family_id",
    ): """family id | household id | hhid | hh id | ppp id | parivar id | family code |
        household no | household number | hh no | ration card no | परिवार आईडी | परिवार पहचान |
        परिवार पहचान पत्र |
        परिवार कोड | कुटुंब आयडी | कुटुंब क्रमांक | कुटुंब कोड""",
    (
        "children",
        "sex",
    ): """sex | boy girl | hc27 | sex m f | gender | gender m f | male female | m f | hl4 |
        b4 | sexe | लिंग |
        बालक बालिका | मुलगा मुलगी |
        स्त्री पुरुष""",
    (
        "children",
        "birth_date",
    ): """birth date | date birth | dob | birthdate | birthdat | birthday | bdate |
        b date | born on | date born | birth dt | d o b | जन्म तिथि | जन्मतिथि | जन्म तारीख |
        जन्मतारीख |
        जन्म दिनांक | जन्मदिनांक | जन्म दि""",
    (
        "children",
        "birth_weight_kg",
    ): """birth weight | weight birth | birth wt | bwt | bw | birthweight | wt birth |
        जन्म वजन | जन्म समय वजन | जन्म वज़न | जन्मवेळचे वजन | जन्माचे वजन | जन्मतःचे वजन""",
    ("children", "centre_id"): _CENTRE,
    (
        "children",
        "registered_on",
    ): """registered on | registration date | date registration | enrolment date |
        enrollment date | date enrolment | date enrollment | enrolled on | enrolled at |
        reg date | पंजीकरण तिथि |
        पंजीयन दिनांक | पंजीकरण दिनांक | नोंदणी दिनांक | नोंदणी तारीख""",
    (
        "children",
        "left_on",
    ): """left on | leaving date | date leaving | exit date | date exit | closed date |
        deregistration date | date left""",
    (
        "children",
        "left_reason",
    ): """left reason | reason leaving | exit reason | reason exit | reason left |
        closure reason""",
    (
        "centres",
        "name",
    ): """centre name | center name | awc name | anganwadi name | anganwadi centre name |
        anganwadi center name | facility name | org unit name | organisation unit name |
        आंगनवाड़ी नाम |
        आंगनबाड़ी नाम | आंगनवाड़ी केंद्र नाम | आंगनबाड़ी केन्द्र नाम | केंद्र नाम |
        अंगणवाडीचे नाव | अंगणवाडी नाव |
        अंगणवाडी केंद्राचे नाव | केंद्राचे नाव""",
    (
        "centres",
        "sector_id",
    ): """sector | sector id | sector code | sector name | circle | circle name | beat |
        beat name | beat code | supervisor sector | sector no | supervisor circle | सेक्टर |
        सेक्टर नाम |
        सेक्टर कोड | परिक्षेत्र | परिक्षेत्र नाम | बीट | बीट नाव | बीटाचे नाव | विभाग बीट |
        पर्यवेक्षिका क्षेत्र""",
    (
        "centres",
        "project_id",
    ): """project | project id | project code | project name | block | block name |
        block code | block id | icds project | icds project name | tehsil | taluka |
        taluka name | taluk | tahsil |
        परियोजना |
        परियोजना नाम | परियोजना कोड | ब्लॉक | ब्लॉक नाम | विकासखंड | विकासखण्ड | प्रकल्प |
        प्रकल्प नाव |
        प्रकल्पाचे नाव | तालुका | तालुक्याचे नाव""",
    (
        "centres",
        "district_id",
    ): """district | district id | district code | district name | dist | dist name |
        dist code | zilla | zila | जिला | ज़िला | जिला नाम | जिले नाम | जिल्हा | जिल्ह्याचे नाव""",
    ("centres", "setting"): """setting | area | area type | type area | urban rural | rural urban |
        rural urban tribal |
        residence | place residence | residence type | locality type | hv025 | क्षेत्र |
        क्षेत्र प्रकार |
        शहरी ग्रामीण |
        ग्रामीण शहरी | क्षेत्राचा प्रकार | भाग""",
    (
        "centres",
        "latitude",
    ): """latitude | lat | awc lat | awc latitude | centre latitude | center latitude |
        geo latitude | gps latitude | location latitude | gps lat |
        geo lat | geolocation latitude | अक्षांश""",
    (
        "centres",
        "longitude",
    ): """longitude | lon | awc long | awc longitude | centre longitude |
        center longitude | long | lng | geo longitude | gps longitude | location longitude |
        gps long | gps lon | geo lon | geo lng | geolocation longitude | देशांतर | रेखांश""",
    (
        "measurements",
        "measured_on",
    ): """measured on | measurement date | date measurement | measuring date | date |
        weighing date | date weighing | weighed on | visit date | date visit | survdate |
        survey date |
        date survey | interview date | date interview | event date | screening date |
        date screening |
        assessment date | date assessment | examination date | date measured | date weight |
        date wt | weight date |
        growth monitoring date | gm date | dom | anthro date | दिनांक | तारीख | तिथि | वजन तिथि |
        वजन तारीख |
        वजन दिनांक | वजन लेने तिथि | माप लेने तिथि | वजन केल्याची तारीख | वजन केल्याचा दिनांक |
        वजन घेण्याची तारीख | माप तिथि | माप दिनांक | मापन तिथि | मापन दिनांक | नाप तिथि |
        जांच तिथि |
        मोजमाप दिनांक |
        वजन घेतल्याचा दिनांक | वजन घेतल्याची तारीख | मोजणी दिनांक | भेटीचा दिनांक""",
    (
        "measurements",
        "weight_kg",
    ): """weight | wt | body weight | weight child | child wt | weight taken |
        measured weight | hw2 | hc2 | an3 | weightkg | peso | poids | वजन | वज़न | भार |
        बच्चे वजन | बालकाचे वजन |
        वजन नोंद""",
    (
        "measurements",
        "height_cm",
    ): """height | length | lenhei | ht | height length | length height | len ht |
        ht len | lt ht | stature | hgt | lenht | heightcm | hw3 | hc3 | an4 | taille | ऊंचाई |
        ऊँचाई | लंबाई |
        लम्बाई | कद | लंबाई ऊंचाई | ऊंचाई लंबाई | लंबाई ऊँचाई | उंची | लांबी | उंची लांबी |
        लांबी उंची |
        बालकाची उंची""",
    (
        "measurements",
        "muac_mm",
    ): """muac | mid upper arm circumference | midupper arm circumference |
        arm circumference | mid upper arm | mac | armc | upper arm circumference | pb |
        बांह घेरा | बाजू घेरा |
        भुजा घेरा | मध्य भुजा घेरा | एमयूएसी | मुआक | दंड घेर | दंडाचा घेर | दंडघेर | दंड घेरा""",
    (
        "measurements",
        "oedema",
    ): """oedema | edema | bilateral oedema | bilateral edema | pitting oedema |
        pitting edema | nutritional oedema | nutritional edema | bilateral pitting oedema |
        bilateral pitting edema | oedema grade | edema grade | oedema present | oedema feet |
        edema feet |
        swelling | swelling feet | swelling both feet | bilateral swelling | oedeme | सूजन |
        पैरों सूजन |
        दोनों पैरों सूजन | सूज |
        पायांवर सूज | पायावर सूज | दोन्ही पायांवर सूज""",
    (
        "measurements",
        "reported_status",
    ): """nutrition status | nutritional status | nutrition grade |
        nutritional grade | growth status | status | grade | wasting | wasting status | colour |
        color | zone |
        colour zone | sam mam | sam mam normal | nutrition category | nutritional category |
        growth zone |
        malnutrition status | classification | nutrition classification | पोषण स्थिति |
        पोषण स्तर | श्रेणी |
        कुपोषण श्रेणी | पोषण श्रेणी | वृद्धि श्रेणी | रंग | पोषण स्थिती | पोषण दर्जा |
        कुपोषण स्थिती | वजन श्रेणी""",
    (
        "measurements",
        "height_position",
    ): """position | measured lying or standing | measure | height position |
        lying standing | standing lying | length or height | recumbent standing |
        measured lying standing | hw15 |
        hc15 | स्थिति | माप स्थिति | लेटकर खड़े | मोजण्याची स्थिती | झोपून उभे""",
    (
        "measurements",
        "source",
    ): """source | data source | source register | register name | system | source system |
        स्रोत""",
    (
        "measurements",
        "recorded_on",
    ): """recorded on | record date | entry date | date entry | data entry date |
        entered on | created on | created at | creation date | submission time | submitted on |
        submission date | completed time | completion time |
        received on | today | end time | प्रविष्टि तिथि | प्रविष्टि दिनांक | नोंद दिनांक""",
    (
        "episodes",
        "episode_id",
    ): """episode id | admission id | admission no | admission number | episode no |
        treatment id | enrollment | enrollment id""",
    (
        "episodes",
        "programme",
    ): """programme | program | admitted to | admission facility | treatment programme |
        treatment program | facility type | कार्यक्रम | उपचार केंद्र | भर्ती केंद्र""",
    (
        "episodes",
        "admitted_on",
    ): """admitted on | admission date | adm date | date adm | admn date | date admn |
        date admission | doa | admission dt |
        date admitted | treatment start date | भर्ती तिथि | भर्ती दिनांक | भर्ती तारीख |
        दाखल दिनांक | दाखल तारीख |
        प्रवेश दिनांक""",
    (
        "episodes",
        "appetite_test",
    ): """appetite test | appetite | appetite test result | result appetite test |
        भूख परीक्षण | भूख जांच | भूक चाचणी""",
    (
        "episodes",
        "complications",
    ): """complications | complication | medical complications | medical complication |
        any complication | जटिलता | चिकित्सीय जटिलता | गुंतागुंत | वैद्यकीय गुंतागुंत""",
    (
        "episodes",
        "closed_on",
    ): """closed on | discharge date | date discharge | discharged on | dod |
        date discharged | discharge dt | exit date | date exit | छुट्टी तिथि | छुट्टी दिनांक |
        डिस्चार्ज तिथि |
        डिस्चार्ज दिनांक |
        डिस्चार्ज तारीख | घरी सोडल्याचा दिनांक""",
    (
        "episodes",
        "outcome",
    ): """outcome | discharge outcome | exit outcome | treatment outcome | discharge status |
        discharge type | exit type | type exit | result | परिणाम | उपचार परिणाम | निष्पत्ती""",
    (
        "episodes",
        "transfer_reason",
    ): """transfer reason | reason transfer | referral reason | reason referral |
        रेफर कारण | संदर्भ कारण""",
    (
        "checks",
        "checked_on",
    ): """checked on | check date | date check | health check date | medical check date |
        checkup date | स्वास्थ्य जांच तिथि | तपासणी दिनांक""",
    (
        "checks",
        "diarrhoea",
    ): """diarrhoea | diarrhea | loose motion | loose motions | दस्त | डायरिया | अतिसार |
        जुलाब""",
    ("checks", "fever"): """fever | बुखार | ज्वर | ताप""",
    ("checks", "cough"): """cough | खांसी | खाँसी | खोकला""",
    (
        "checks",
        "poor_appetite",
    ): """poor appetite | loss appetite | not eating | भूख कम | भूख कमी | भूख नहीं |
        भूक मंदावली | कमी भूक""",
    (
        "rations",
        "issued_on",
    ): """issued on | issue date | date issue | distribution date | date distribution |
        given on | thr date | वितरण तिथि | वितरण दिनांक | वाटप दिनांक""",
    (
        "rations",
        "item",
    ): """item | item name | ration item | food item | ration type | commodity | सामग्री | वस्तु |
        आहार प्रकार""",
    (
        "rations",
        "quantity",
    ): """quantity | qty | packets | no packets | number packets | sachets | quantity issued |
        मात्रा | संख्या पैकेट | पाकिटे | प्रमाण""",
    (
        "attendance",
        "month",
    ): """month | attendance month | measurement month | weighing month | reporting month |
        माह | महीना | महिना""",
    (
        "attendance",
        "open_days",
    ): """open days | days open | awc open days | no days open | working days |
        केंद्र खुला दिन | खुले दिन | उघडे दिवस""",
    (
        "attendance",
        "attended_days",
    ): """attended days | days attended | days present | present days |
        no days present | attendance days | उपस्थित दिन | उपस्थिति दिन | हजर दिवस |
        उपस्थित दिवस""",
    (
        "visits",
        "visited_on",
    ): """visited on | home visit date | date home visit | hv date | गृह भेंट तिथि |
        गृहभेट दिनांक | गृह भेट दिनांक""",
    (
        "visits",
        "finding",
    ): """finding | home visit finding | visit finding | visit result | home visit result""",
    ("visits", "listed_on"): """listed on | list date | date list""",
    (
        "stocks",
        "counted_on",
    ): """counted on | stock date | date stock | count date | stock taking date""",
    (
        "stocks",
        "item",
    ): """stock item | item in stock | item | item name | ration item | food item | commodity |
        सामग्री | वस्तु | साठा वस्तु""",
    (
        "stocks",
        "quantity",
    ): """stock | balance | closing balance | closing stock | balance stock | stock balance |
        quantity | qty | packets | no packets | number packets | sachets | मात्रा | प्रमाण |
        stock in hand | stock on hand | quantity in stock | physical stock | शेष | शिल्लक | साठा |
        स्टॉक""",
}
"""Headers seen in exports and registers, by the column they mean."""
WORDS = {target: words for target, words in WORDS.items() if target[0] in SPECS}
PERSONAL = """name | child name | name child | beneficiary name | name beneficiary | full name |
first name |
last name | surname | mother name | mothers name | name mother | father name | fathers name |
name father |
parent name | guardian name | husband name | caregiver name | worker name | aww name |
supervisor name | mobile |
mobile no | mobile number | phone | phone no | phone number | telephone | contact | contact no |
contact number |
aadhaar | aadhar | adhar | aadhaar no | aadhaar number | aadhar no | aadhar number |
uid aadhaar | address |
house no | house number | email | bank account | account no | ifsc | abha | abha id | abha no |
signature | photo |
enumerator name | username | नाम | बच्चे नाम | बच्चा नाम | माता नाम | पिता नाम | मां नाम |
माँ नाम | हितग्राही नाम |
लाभार्थी नाम | मोबाइल | मोबाइल नंबर | मोबाइल न | फोन | फोन नंबर | आधार | आधार नंबर |
आधार संख्या | पता |
कार्यकर्ता नाम | नाव | बालकाचे नाव | मुलाचे नाव | आईचे नाव | वडिलांचे नाव | पालकाचे नाव |
मोबाईल | मोबाईल क्रमांक |
मोबाईल नंबर | आधार क्रमांक | पत्ता | सेविकेचे नाव | अंगणवाडी सेविकेचे नाव | पूर्ण नाव |
आंगनवाड़ी कार्यकर्ता नाम | caretaker name |
respondent name | asha name | anm name | लाभार्थीचे नाव"""
"""Headers of columns that are never taken in."""
OTHERS = """category | social category | caste | caste category | religion | state | states |
state name | village |
village name | gram panchayat | age | age months | age days | age years | months | agemons |
agedays | diswt |
weighting | sample weight | hv005 | v005 | cluster | team | team id | hh | survey | serial no |
sl no | sr no |
s no | sno | srno | क्र | क्रमांक | क्रसं | अनु क्र | अक्र | remarks | remark | comments |
टिप्पणी | शेरा | आयु |
उम्र | वय | जाति | वर्ग | जात | गांव | ग्राम | गाव | राज्य | mother weight | mother height |
mother age |
mother dob | weight height | wt ht | wtht | heightage | weight age | height age | waz | haz |
whz | whz06 |
target weight | weight gain | weight last month | previous weight | last weight |
head circumference | headc |
vaccination date |
date next visit | next visit date | death date | date death | lmp | edd | delivery date |
deworming date |
vitamin a date | thr | immunization status | active status | case status | pregnancy status |
migration status |
disability status | school status | beneficiary category | beneficiary type | child age |
date time | start | end |
deviceid"""
"""Headers that look like one of ours and are not, or are known and of no use here."""
_QUALIFIERS = """yn anthro anthropometry recorded observed child childs current present latest actual measured reading value taken enter record please select
now today beneficiary baby infant patient बच्चे बच्चा बच्चों बालक बालकाचे बालकाचा बालकाची बाळाचे बाळाची बाळाचा बालिका
मुलाचे मुलाची मुलाचा शिशु वर्तमान सध्याचे
सध्याची आजचे आजची अद्यतन"""  # noqa: E501
QUALIFIERS = frozenset(_QUALIFIERS.split())
"""Words that may stand beside a header and change nothing of its meaning."""
_FILLERS = (
    "what there this your of the in at is a an for on to by and का की के को में पर ची चा चे च्या व और एवं"
)
FILLERS = frozenset(_FILLERS.split())
"""Words that headers are compared without."""
OTHER_PEOPLE = frozenset(
    {
        "mother",
        "father",
        "parent",
        "caregiver",
        "guardian",
        "pregnant",
        "woman",
        "women",
        "lactating",
        "माता",
        "पिता",
        "आई",
        "वडील",
        "गर्भवती",
    }
)
"""Whose weight and birth date are no child's."""
CONTACT = frozenset(
    ["mobile", "phone", "telephone", "aadhaar", "aadhar", "मोबाइल", "मोबाईल", "फोन", "आधार"]
)
"""Words of a header that is personal whoever it is of."""
NOT_NOW = frozenset(
    [
        "admission",
        "adm",
        "discharge",
        "exit",
        "previous",
        "last",
        "target",
        "expected",
        "भर्ती",
        "छुट्टी",
        "दाखल",
    ]
)
"""Above a measure, these say that it is none of the row's own day."""
UNIT_WORDS = {
    "kg": "kg kgs kilogram kilograms kilo किग्रा किलो किलोग्राम किग्रॅ",
    "g": "g gm gms gram grams grm ग्राम ग्रॅम",
    "cm": "cm cms centimeter centimeters centimetre centimetres सेमी सेंमी सेंटीमीटर",
    "mm": "mm mms millimeter millimetre millimeters मिमी मिलीमीटर",
    "m": "m mtr metre meter metres meters मीटर",
    "lb": "lb lbs pound pounds",
    "inch": "inch inches",
    "foot": "ft foot feet",
}
"""Units in headers, by the unit in a map; of a column in pounds or inches nothing is proposed."""
