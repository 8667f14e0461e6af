"""Header rows of well-known exports, each column with the field that it holds, if any: `NAME=field; NAME`.

If a field is spread over several columns, a number says in which order they are joined: `NAME=field.2`.
"""

from typing import NamedTuple


class Person(NamedTuple):
    first_name: str
    last_name: str
    number: str
    street: str
    street_type: str
    zip_code: str
    mail_address: str
    phone: str
    middle_name: str = ""
    direction: str = ""
    end_direction: str = ""
    city: str = "Austin"
    state: str = "TX"


HEADERS = {
    "outlook contacts": """
        Title; First Name=first_name; Middle Name=middle_name; Last Name=last_name; Suffix; Company; Department
        Job Title; Business Street; Business City; Business State; Business Postal Code; Home Street=address
        Home City=city; Home State=state; Home Postal Code=zip; Business Phone; Home Phone; Mobile Phone=phone
        E-mail Address=email; Notes
    """,
    "north carolina voters": """
        county_id; county_desc; voter_reg_num; last_name=last_name; first_name=first_name
        middle_name=middle_name; name_suffix_lbl; status_cd; res_street_address=address; res_city_desc=city
        state_cd=state; zip_code=zip; mail_addr1=mail_address; mail_addr2=mail_unit; mail_city=mail_city
        mail_state=mail_state; mail_zipcode=mail_zip; full_phone_number=phone; race_code; party_cd; gender_code
        birth_year
    """,
    "florida voters": """
        County Code; Voter ID; Name Last=last_name; Name Suffix; Name First=first_name; Name Middle=middle_name
        Residence Address Line 1=address; Residence Address Line 2=unit; Residence City=city
        Residence State=state; Residence Zipcode=zip; Mailing Address Line 1=mail_address
        Mailing Address Line 2=mail_unit; Mailing City=mail_city; Mailing State=mail_state
        Mailing Zipcode=mail_zip; Gender; Race; Birth Date; Email address=email
    """,
    "ohio voters": """
        SOS_VOTERID; COUNTY_NUMBER; LAST_NAME=last_name; FIRST_NAME=first_name; MIDDLE_NAME=middle_name; SUFFIX
        DATE_OF_BIRTH; RESIDENTIAL_ADDRESS1=address; RESIDENTIAL_SECONDARY_ADDR=unit; RESIDENTIAL_CITY=city
        RESIDENTIAL_STATE=state; RESIDENTIAL_ZIP=zip; RESIDENTIAL_ZIP_PLUS4; MAILING_ADDRESS1=mail_address
        MAILING_SECONDARY_ADDRESS=mail_unit; MAILING_CITY=mail_city; MAILING_STATE=mail_state
        MAILING_ZIP=mail_zip
    """,
    "dallas account info": """
        ACCOUNT_NUM; APPRAISAL_YR; DIVISION_CD; OWNER_NAME1=full_name; OWNER_NAME2
        OWNER_ADDRESS_LINE1=mail_address; OWNER_ADDRESS_LINE2=mail_unit; OWNER_CITY=mail_city
        OWNER_STATE=mail_state; OWNER_ZIPCODE=mail_zip; STREET_NUM=address.1; STREET_HALF_NUM=address.2
        FULL_STREET_NAME=address.3; UNIT_ID=unit; PROPERTY_CITY=city; PROPERTY_ZIPCODE=zip; MAPSCO; NBHD_CD
        LEGAL1; DEED_TXFR_DATE
    """,
    "harris real account": """
        acct; yr; mailto=full_name; mail_addr_1=mail_address; mail_addr_2=mail_unit; mail_city=mail_city
        mail_state=mail_state; mail_zip=mail_zip; mail_country; undeliverable; str_pfx=address.2
        str_num=address.1; str=address.3; str_sfx=address.4; str_sfx_dir=address.5; str_unit=unit
        site_addr_2=city; site_addr_3=zip; land_val
    """,
    "massachusetts level 3": """
        PROP_ID; LOC_ID; BLDG_VAL; TOTAL_VAL; LS_DATE; SITE_ADDR=address; CITY=city; ZIP=zip; OWNER1=full_name
        OWN_ADDR=mail_address; OWN_CITY=mail_city; OWN_STATE=mail_state; OWN_ZIP=mail_zip; OWN_CO; LS_BOOK
        LS_PAGE; STYLE
    """,
    "new jersey mod iv": """
        PAMS_PIN; PCLBLOCK; PCLLOT; PROP_CLASS; PROP_LOC=address; OWNER_NAME=full_name; ST_ADDRESS=mail_address
        CITY_STATE=mail_place; ZIP_CODE=mail_zip; LAND_VAL; NET_VALUE; DEED_BOOK; DEED_DATE; SALE_PRICE
    """,
    "montana cadastral": """
        PropertyID; GeoCode; OwnerName=full_name; OwnerAddress1=mail_address; OwnerAddress2=mail_unit
        OwnerCity=mail_city; OwnerState=mail_state; OwnerZipCode=mail_zip; CareOfTaxpayer; AddressLine1=address
        CityStateZip=place; TotalAcres; TotalValue
    """,
    "miami dade": """
        FOLIO; TRUE_SITE_ADDR=address; TRUE_SITE_UNIT=unit; TRUE_SITE_CITY=city; TRUE_SITE_ZIP_CODE=zip
        TRUE_OWNER1=full_name; TRUE_OWNER2; TRUE_MAILING_ADDR1=mail_address; TRUE_MAILING_ADDR2=mail_unit
        TRUE_MAILING_CITY=mail_city; TRUE_MAILING_STATE=mail_state; TRUE_MAILING_ZIP_CODE=mail_zip; LOT_SIZE
        YEAR_BUILT
    """,
    "cook county": """
        pin; tax_year; property_address=address; property_city=city; property_zip=zip
        mail_address_name=full_name; mail_address_full=mail_address; mail_address_city_name=mail_city
        mail_address_state=mail_state; mail_address_zipcode_1=mail_zip; mail_address_zipcode_2; township_code
        class
    """,
    "washington voters": """
        StateVoterID; FName=first_name; MName=middle_name; LName=last_name; NameSuffix; Birthyear; Gender
        RegStNum=address.1; RegStPreDirection=address.2; RegStName=address.3; RegStType=address.4
        RegStPostDirection=address.5; RegUnitNum=unit; RegCity=city; RegState=state; RegZipCode=zip
        Mail1=mail_address; MailCity=mail_city; MailZip=mail_zip; MailState=mail_state; CountyCode; PrecinctCode
    """,
    "shopify customers": """
        Customer ID; First Name=first_name; Last Name=last_name; Email=email; Accepts Email Marketing
        Default Address Address1=address; Default Address Address2=unit; Default Address City=city
        Default Address Province Code=state; Default Address Zip=zip; Default Address Phone; Phone=phone
        Total Spent
    """,
    "zoho contacts": """
        Record Id; Contact Owner; Lead Source; First Name=first_name; Last Name=last_name; Account Name
        Email=email; Phone=phone; Mobile; Mailing Street=mail_address; Mailing City=mail_city
        Mailing State=mail_state; Mailing Zip=mail_zip; Other Street; Other City; Other State; Other Zip
    """,
    "klaviyo profiles": """
        Email=email; Klaviyo ID; First Name=first_name; Last Name=last_name; Phone Number=phone
        Address 1=address; Address 2=unit; City=city; State / Region=state; Zip Code=zip; Source; First Active
        Last Active
    """,
    "treasurer's bills": """
        BILL_NO; BILL_YEAR; NOTICE_NAME=full_name; NOTICE_ADDR1=mail_address; NOTICE_CITY=mail_city
        NOTICE_STATE=mail_state; NOTICE_ZIP=mail_zip; SITUS_ADDR=address; SITUS_CITY=city; SITUS_ZIP=zip
        AMOUNT_DUE
    """,
    "crm with a prefix": """
        crm_id; crm_first_name=first_name; crm_last_name=last_name; crm_street=address; crm_city=city
        crm_state=state; crm_zip=zip; crm_phone=phone; crm_email=email; crm_created; crm_score; crm_stage
    """,
    "two blocks": """
        Owner=full_name; Street=address; City=city; State=state; Zip=zip; Street=mail_address; City=mail_city
        State=mail_state; Zip=mail_zip; Phone=phone
    """,
    "business and owner": """
        APN; Entity Name=full_name; Owner First=first_name; Owner Last=last_name; Site Street=address
        Site City=city; Site St=state; Site Zip=zip; Mail Street=mail_address; Mail City=mail_city
        Mail St=mail_state; Mail Zip=mail_zip
    """,
    "attention lines": """
        Account; Owner Name=full_name; Attention; Mail Line 1=mail_address; Mail Line 2=mail_unit
        Mail City=mail_city; Mail State=mail_state; Mail Zip=mail_zip; Legal; In Care Of
        Property Street No=address.1; Property Street Dir=address.2; Property Street=address.3
        Property Street Suffix=address.4; Property Unit No=unit; Property Town=city
    """,
    "new york towns": """
        SWIS; Print Key; Owner First Name=first_name; Owner Last Name/Company=last_name; Mail Address=mail_address
        PO Box?; Mail City=mail_city; Mail State=mail_state; Mail Zip=mail_zip; Loc St Nbr=address.1
        Loc St Name=address.2; Loc Muni Name=city; Loc Zip=zip; Prop Class; Roll Section
    """,
    "san bernardino tax default": """
        Item No.; Parcel No.; Last Assessee=full_name; Assessee Mailing Addr=mail_address
        Assessee Mail City/St/Zip=mail_place; Situs Address=address; Situs City=city; Default Year
        Redemption Amount; Land Use
    """,
    "st louis parcels": """
        ASRPARCELID; HANDLE; LowAddrNum=address.1; LowAddrSuf; HighAddrNum; StPreDir=address.2; StName=address.3
        StType=address.4; StdUnitNum=unit; ZIP=zip; OwnerName=full_name; OwnerName2; OwnerAddr=mail_address
        OwnerCity=mail_city; OwnerState=mail_state; OwnerZIP=mail_zip; OwnerCountry; AsdLand; Neighborhood
    """,
    "hamilton county": """
        PARID; OWNNM1=full_name; OWNNM2; OWNAD1=mail_address; OWNAD2=mail_place; OWNAD3; LOCNO=address.1
        LOCDIR=address.2; LOCST=address.3; LOCSUF=address.4; LOCZIP=zip; MKTLND; MKTIMP
    """,
    "probate leads": """
        Case Number; Filing Date; Deceased First Name; Deceased Last Name; Deceased Address
        PR First Name=first_name; PR Last Name=last_name; PR Address=mail_address; PR City=mail_city
        PR State=mail_state; PR Zip=mail_zip; PR Phone=phone; Attorney Name; Attorney Phone; Attorney Address
        Property Address=address; Property City=city; Property State=state; Property Zip=zip
    """,
    "home owners' association": """
        Acct No; Homeowner Name(s)=full_name; Unit Address=address; Lot/Unit; Off-Site Mailing Address=mail_address
        Off-Site City=mail_city; Off-Site State=mail_state; Off-Site Zip=mail_zip; Home Phone; Cell Phone=phone
        Email Address=email; Balance; Move-In Date
    """,
    "king county accounts": """
        ACCT_NBR; MAJOR; MINOR; ATTNLINE; KCTP_NAME=full_name; ADDRLINE=mail_address; CITYSTATE=mail_place
        ADDR_FULL=address; CTYNAME=city; ZIP5=zip; PLUS4; LANDVAL
    """,
    "code violations": """
        Case_Num; Violation_Type; Date_Opened; Inspector; Inspector_Phone; Violation_Address=address
        Violation_Zip=zip; Responsible_Party=full_name; RP_Mailing_Address=mail_address; RP_City=mail_city
        RP_State=mail_state; RP_Zip=mail_zip; Fine_Amount
    """,
    "yahoo contacts": """
        First=first_name; Middle=middle_name; Last=last_name; Nickname; Email=email; Category; Home=phone; Work; Pager
        Fax; Mobile; Other; Yahoo Phone; Primary; Alternate Email 1; Company; Work Address; Work City; Work State
        Work ZIP; Home Address=address; Home City=city; Home State=state; Home ZIP=zip; Home Country; Birthday
    """,
    "trustee sales": """
        TS Number; Trustor=full_name; Trustor Mailing Address=mail_address; Trustor City=mail_city
        Trustor State=mail_state; Trustor Zip=mail_zip; Trustee Name; Trustee Phone; Beneficiary
        Site Address=address; Site City=city; Site State=state; Site Zip Code=zip; Opening Bid; Sale Date
    """,
}
FILLERS = {
    "Case Number": "PR-2025-310",
    "Deceased First Name": "Walter",
    "Deceased Last Name": "Grimes",
    "Deceased Address": "12 Orchard Rd",
    "Inspector": "Dana Reyes",
    "Inspector_Phone": "(214) 555-0177",
    "Trustee Name": "Example Trustee Services",
    "State / Region": "",
    "Entity Name": "",
    "BILL_YEAR": "2024",
    "yr": "2024",
    "land_val": "120000",
    "YEAR_BUILT": "1988",
    "SALE_PRICE": "245000",
    "AMOUNT_DUE": "1834.20",
    "OWNER_NAME2": "",
    "CareOfTaxpayer": "",
    "Attention": "",
    "Title": "Mr.",
    "Salutation": "Ms.",
    "Company": "Oak Hill Dental",
    "Account Name": "Oak Hill Dental",
    "Business Street": "900 Commerce St",
    "Business City": "Dallas",
    "Business State": "TX",
    "Business Postal Code": "75202",
    "Business Phone": "(214) 555-0177",
    "county_desc": "WAKE",
    "township_code": "70",
    "birth_year": "1961",
    "Birthyear": "1961",
    "mail_address_zipcode_2": "1234",
    "RESIDENTIAL_ZIP_PLUS4": "1410",
    "voter_reg_num": "000123456",
    "Contact Owner": "Dana Reyes",
}
"""The values of columns that hold no field. Those that are not listed here are empty."""
PEOPLE = [
    Person("Margaret", "Holloway", "1204", "Maple", "St", "78745", "410 W Harbor St", "5125550110", middle_name="A"),
    Person("Dennis", "Pruitt", "38", "Oak Hollow", "Dr", "78704", "1650 Pine Knoll Dr", "5125550111", direction="S"),
    Person(
        "Carol",
        "Westbrook",
        "5517",
        "State",
        "Ave",
        "78745",
        "93 Summit Ave",
        "5125550112",
        middle_name="J",
        direction="N",
    ),
    Person(
        "Thomas",
        "Lindqvist",
        "902",
        "Cedar Bend",
        "Ln",
        "78704",
        "27 Lark Ln",
        "5125550113",
        middle_name="R",
        end_direction="E",
    ),
    Person("Patricia", "Oyelaran", "2210", "Brookside", "Rd", "78745", "PO Box 118", "5125550114"),
    Person(
        "Raymond", "Kessler", "77", "Fern", "Ct", "78704", "3301 Aspen Rd", "5125550115", middle_name="L", direction="W"
    ),
]


def read_header(text):
    """Return a header's columns, and field → the positions of its columns in the order in which they are joined."""
    columns, ordered_positions = [], {}
    for position, entry in enumerate(text.strip().replace("\n", ";").split(";")):
        name, _, use = entry.strip().partition("=")
        columns.append(name)
        if use:
            field, _, order = use.partition(".")
            ordered_positions.setdefault(field, []).append((int(order or 0), position))
    return columns, {field: [position for _, position in sorted(found)] for field, found in ordered_positions.items()}


def make_rows(columns, fields):
    """Return the rows of invented people in these columns."""
    return [make_row(columns, fields, person) for person in PEOPLE]


def make_row(columns, fields, person):
    values = {
        "full_name": [f"{person.last_name} {person.first_name} {person.middle_name}".strip().upper()],
        "first_name": [person.first_name],
        "middle_name": [person.middle_name],
        "last_name": [person.last_name],
        "address": split_street(person, len(fields.get("address", [0]))),
        "city": [person.city],
        "state": [person.state],
        "zip": [person.zip_code],
        "place": [f"{person.city}, {person.state} {person.zip_code}"],
        "unit": ["Apt 4" if person.number == "77" else ""],
        "mail_address": [person.mail_address],
        "mail_unit": ["Ste 12" if person.number == "38" else ""],
        "mail_city": ["Round Rock"],
        "mail_state": [person.state],
        "mail_zip": ["78664"],
        "mail_place": [f"Round Rock, {person.state}"],
        "phone": [person.phone],
        "email": [f"{person.first_name}@example.com".lower()],
    }
    row = [FILLERS.get(name, "") for name in columns]
    for field, positions in fields.items():
        if columns[positions[0]] not in FILLERS:
            for position, value in zip(positions, values[field], strict=True):
                row[position] = " ".join(value.split())
    return row


def split_street(person, column_count):
    """Return the street address of a person in this many columns."""
    street = f"{person.direction} {person.street} {person.street_type} {person.end_direction}"
    parts = {
        1: [f"{person.number} {person.street} {person.street_type}"],
        2: [person.number, street],
        3: [person.number, "", street],
        4: [person.number, person.direction, person.street, person.street_type],
        5: [person.number, person.direction, person.street, person.street_type, person.end_direction],
    }
    return parts[column_count]
