"""Header rows of exports, rolls and courts' lists that were written down before the rules were tried on them.

Each column is followed by the kind of its values: `City:c`. All people are invented.
"""

HEADERS = {
    "propstream_full": """
        Address:a; Unit #:un; City:c; State:s; Zip:z; County:co; APN:id; Owner Occupied:yn;
        Owner 1 First Name:fn; Owner 1 Last Name:ln; Owner 2 First Name:fn2; Owner 2 Last Name:ln2;
        Mailing Care of Name:blank; Mailing Address:A; Mailing Unit #:U; Mailing City:C; Mailing State:S;
        Mailing Zip:Z; Do Not Mail:yn; Bedrooms:num; Est. Value:money; Last Sale Date:date
    """,
    "batchleads": """
        First Name:fn; Last Name:ln; Property Address:a; Property City:c; Property State:s; Property Zip:z;
        Mailing Address:A; Mailing City:C; Mailing State:S; Mailing Zip Code:Z; List Count:num; Tag Count:num;
        Is Vacant:yn; Opt-Out:yn; Phone 1:ph; Phone 1 Type:txt; Phone 2:xph; Email:em
    """,
    "dealmachine": """
        property_address_full:fa; property_address_line_1:a; property_address_city:c; property_address_state:s;
        property_address_zipcode:z; owner_1_name:full; owner_2_name:xfull; owner_mailing_address_line_1:A;
        owner_mailing_city:C; owner_mailing_state:S; owner_mailing_zipcode:Z; lead_status:txt; creator:xname;
        estimated_value:money
    """,
    "reipro": """
        Owner First:fn; Owner Last:ln; Owner Company:corp; Prop Street:a; Prop City:c; Prop State:s; Prop Zip:z;
        Owner Street:A; Owner City:C; Owner State:S; Owner Zip:Z; Home Phone:ph; Email Address:em;
        Lead Source:txt
    """,
    "podio": """
        Title:title; Seller Name:full; Seller Phone:ph; Seller Email:em; Property Address - Full Address:fa;
        Property Address - Street:a; Property Address - City:c; Property Address - State:s;
        Property Address - Postal Code:z; Lead Manager:xname; Created on:date
    """,
    "hubspot": """
        Record ID:id; First Name:fn; Last Name:ln; Email:em; Phone Number:ph; Contact owner:xname;
        Street Address:a; City:c; State/Region:s; Postal Code:z; Lead Status:txt; Last Activity Date:date
    """,
    "salesforce": """
        Lead ID:id; Salutation:sal; First Name:fn; Middle Name:mn; Last Name:ln; Suffix:blank;
        Company / Account:corp; Street:a; City:c; State/Province:s; Zip/Postal Code:z; Country:us; Phone:ph;
        Mobile:xph; Email:em; Lead Owner:xname
    """,
    "maricopa_az": """
        PARCEL:id; OWNER:roll; MAIL_ADDR1:A; MAIL_ADDR2:blank; MAIL_CITY:C; MAIL_STATE:S; MAIL_ZIP:Z;
        PHYSICAL_ADDRESS:a; PHYSICAL_CITY:c; PHYSICAL_ZIP:z; SUBNAME:txt; SALE_PRICE:money
    """,
    "cook_il": """
        PIN:id; Property Address:a; Property City:c; Property Zip Code:z; Taxpayer Name:roll;
        Taxpayer Address:A; Taxpayer City:C; Taxpayer State:S; Taxpayer Zip Code:Z; Class:num; Township:txt
    """,
    "hillsborough_fl": """
        FOLIO:id; PIN:id; OWNER:roll; ADDR_1:A; ADDR_2:blank; CITY:C; STATE:S; ZIP:Z; SITE_ADDR:a; SITE_CITY:c;
        SITE_ZIP:z; ACREAGE:num; JUST:money
    """,
    "king_wa": """
        Major:num4; Minor:num4; TaxpayerName:roll; AttnLine:blank; AddrLine:A; CityState:PL; ZipCode:Z;
        SitusAddress:a; SitusCity:c; SitusZip:z; BillYr:year
    """,
    "fulton_ga": """
        ParcelID:id; Owner:roll; OwnerAddr1:A; OwnerAddr2:PL; Address:a; AddrNumber:hn; AddrStreet:sn;
        SiteCity:c; LUCode:num; TotAssess:money
    """,
    "mecklenburg_nc": """
        pid:id; owner_last_name:ln; owner_first_name:fn; mail_addr1:A; mail_addr2:blank; mail_city:C;
        mail_state:S; mail_zipcode:Z; house_number:an; street_dir:ad; street_name:as; street_type:at;
        municipality_desc:c; land_use:txt
    """,
    "franklin_oh": """
        PARCEL ID:id; OWNER NAME 1:roll; OWNER NAME 2:blank; OWNER ADDRESS 1:A; OWNER ADDRESS 2:PL;
        SITE ADDRESS:a; SITE CITY:c; SITE ZIP:z; LAST TRANSFER DATE:date; SALE AMOUNT:money
    """,
    "bexar_tx": """
        prop_id:id; geo_id:id; owner_name:roll; addr_line1:A; addr_line2:blank; addr_city:C; addr_state:S;
        addr_zip:Z; situs_num:an; situs_street_prefx:ad; situs_street:as; situs_street_suffix:at; situs_city:c;
        situs_zip:z; legal_desc:txt
    """,
    "gis_parcels": """
        OBJECTID:num; PARCELNO:id; OWNNAME:roll; OWNADDR:A; OWNCITY:C; OWNSTATE:S; OWNZIP:Z; SITEADD:a;
        SITECITY:c; SITEZIP:z; Shape_Length:num; Shape_Area:num
    """,
    "gis_abbr": """
        FID:num; PIN_ID:id; OWN1:roll; OWN2:blank; MADDR1:A; MCITY:C; MSTATE:S; MZIP:Z; SADDR:a; SCITY:c;
        SZIP:z; YRBLT:year
    """,
    "florida_dor": """
        CO_NO:num; PARCEL_ID:id; OWN_NAME:roll; OWN_ADDR1:A; OWN_ADDR2:blank; OWN_CITY:C; OWN_STATE:Sfull;
        OWN_ZIPCD:Z; PHY_ADDR1:a; PHY_ADDR2:blank; PHY_CITY:c; PHY_ZIPCD:z; JV:money
    """,
    "voter_fl": """
        County Code:xco; Voter ID:id; Name Last:ln; Name Suffix:blank; Name First:fn; Name Middle:mn;
        Residence Address Line 1:a; Residence Address Line 2:blank; Residence City (USPS):c; Residence State:s;
        Residence Zipcode:z; Mailing Address Line 1:A; Mailing City:C; Mailing State:S; Mailing Zipcode:Z;
        Gender:g; Birth Date:date; Daytime Phone Number:ph; Email address:em
    """,
    "voter_oh": """
        SOS_VOTERID:id; LAST_NAME:ln; FIRST_NAME:fn; MIDDLE_NAME:mn; SUFFIX:blank; DATE_OF_BIRTH:date;
        RESIDENTIAL_ADDRESS1:a; RESIDENTIAL_SECONDARY_ADDR:un; RESIDENTIAL_CITY:c; RESIDENTIAL_STATE:s;
        RESIDENTIAL_ZIP:z; MAILING_ADDRESS1:A; MAILING_CITY:C; MAILING_STATE:S; MAILING_ZIP:Z
    """,
    "voter_nc": """
        ncid:id; last_name:ln; first_name:fn; middle_name:mn; res_street_address:a; res_city_desc:c; state_cd:s;
        zip_code:z; mail_addr1:A; mail_city:C; mail_state:S; mail_zipcode:Z; full_phone_number:ph;
        registr_dt:date
    """,
    "mls_expired": """
        MLS #:id; Status:txt; Address:a; City:c; State Or Province:s; Postal Code:z; List Price:money;
        Listing Agent:xname; List Agent Phone:xph; Listing Office:corp; Tax Owner Name:full;
        Expiration Date:date
    """,
    "zillow_fsbo": """
        Zpid:id; Street Address:a; City:c; State:s; Zipcode:z; Price:money; Beds:num; Baths:num;
        Contact Name:full; Contact Phone:ph; URL:url
    """,
    "datatree": """
        FIPS:num; APN:id; Owner 1 Full Name:xfull; Owner 1 First Name:fn; Owner 1 Middle Name:mn;
        Owner 1 Last Name:ln; Owner Mailing Street:A; Owner Mailing City:C; Owner Mailing State:S;
        Owner Mailing Zip:Z; Site Street:a; Site City:c; Site State:s; Site Zip:z
    """,
    "corelogic": """
        APN UNFORMATTED:id; OWNER 1 LAST NAME:ln; OWNER 1 FIRST NAME & MI:fn; OWNER 2 LAST NAME:ln2;
        SITUS HOUSE NUMBER:an; SITUS DIRECTION:ad; SITUS STREET NAME:as; SITUS MODE:at; SITUS CITY:c;
        SITUS STATE:s; SITUS ZIP CODE:z; MAIL ADDRESS:A; MAIL CITY:C; MAIL STATE:S; MAIL ZIP CODE:Z
    """,
    "attom": """
        [ATTOM ID]:id; PartyOwner1NameFull:full; PropertyAddressFull:a; PropertyAddressCity:c;
        PropertyAddressState:s; PropertyAddressZIP:z; ContactOwnerMailAddressFull:A;
        ContactOwnerMailAddressCity:C; ContactOwnerMailAddressState:S; ContactOwnerMailAddressZIP:Z;
        TaxAssessedValueTotal:money
    """,
    "mailhouse": """
        FULLNAME:full; SALUTATION:fn_x; COMPANY:corp; ADDR1:a; ADDR2:un; CITY:c; ST:s; ZIP:z; ZIP4:z4; DPC:num;
        CRRT:txt; IMBARCODE:id
    """,
    "mailhouse2": """
        Prefix:sal; First:fn; MI:mn; Last:ln; Address Line 1:a; Address Line 2:un; City:c; St:s; Zip+4:z;
        Keycode:id; Seq:num
    """,
    "probate_1": """
        Case Number:id; Date Filed:date; Decedent First Name:dfn; Decedent Last Name:dln; Decedent Address:a;
        Decedent City:c; Decedent State:s; Decedent Zip:z; PR First Name:fn; PR Last Name:ln; PR Address:A;
        PR City:C; PR State:S; PR Zip:Z; Attorney Name:xname; Attorney Phone:xph
    """,
    "probate_2": """
        case_no:id; deceased_name:dfull; petitioner_name:full; petitioner_address:A; petitioner_city:C;
        petitioner_state:S; petitioner_zip:Z; attorney:xname; attorney_address:xaddr; property_address:a;
        property_city:c; property_state:s; property_zip:z
    """,
    "probate_3": """
        Estate Of:dfull; Executor:full; Executor Street:A; Executor City:C; Executor State:S; Executor Zip:Z;
        Executor Phone:ph; Property:fa
    """,
    "eviction": """
        Case #:id; Filing Date:date; Plaintiff:full; Plaintiff Address:A; Plaintiff City:C; Plaintiff State:S;
        Plaintiff Zip:Z; Defendant:xfull; Premises Address:a; Premises City:c; Premises State:s; Premises Zip:z;
        Plaintiff Attorney:xname
    """,
    "divorce": """
        Cause No:id; Petitioner:full; Respondent:xfull; Petitioner Attorney:xname; Address:a; City:c; State:s;
        Zip:z; Filed:date
    """,
    "code_violation": """
        Violation ID:id; Violation Type:txt; Inspector:xname; Violation Address:a; Violation City:c;
        Violation Zip:z; Owner Name:full; Owner Address:A; Owner City:C; Owner State:S; Owner Zip:Z;
        Complaint Date:date
    """,
    "preforeclosure": """
        NOD Date:date; Borrower 1 First Name:fn; Borrower 1 Last Name:ln; Borrower 2 First Name:fn2;
        Property Address:a; Property City:c; Property State:s; Property ZIP:z; Lender Name:corp;
        Trustee Name:corp; Trustee Address:xaddr; Trustee Phone:xph; Auction Date:date
    """,
    "tax_delinquent": """
        Account No:id; Taxpayer:roll; C/O:blank; Mail To Street:A; Mail To City/St/Zip:PL; Location:a;
        Years Delinq:num; Total Due:money
    """,
    "google_sheet": """
        name:full; street:a; city:c; st:s; zip:z; cell:ph; notes:txt
    """,
    "driving": """
        Date:date; Driver:xname; House #:an; Street:as1; City:c; State:s; Zip:z; Owner Name:full;
        Owner Mail Street:A; Owner Mail City:C; Owner Mail State:S; Owner Mail Zip:Z; Condition:txt
    """,
    "mojo": """
        Full Name:full; First Name:fn; Last Name:ln; Mailing Address:A; Mailing City:C; Mailing State:S;
        Mailing Zip:Z; Property Address:a; Property City:c; Property State:s; Property Zip:z; Primary Phone:ph;
        Email:em; Group:txt
    """,
    "listsource": """
        OWNER 1 LABEL NAME:full; OWNER 1 LAST NAME:ln; OWNER 1 FIRST NAME:fn; MAIL ADDRESS:A; MAIL CITY:C;
        MAIL STATE:S; MAIL ZIP CODE:Z; PROPERTY ADDRESS:a; PROPERTY CITY:c; PROPERTY STATE:s;
        PROPERTY ZIP CODE:z; OWNER OCCUPIED:yn; TOTAL VALUE:money
    """,
    "absentee": """
        Occupant Name:xfull; Owner Name:full; Owner Street:A; Owner City:C; Owner ST:S; Owner Zip:Z;
        Situs Street:a; Situs City:c; Situs ST:s; Situs Zip:z; Absentee:yn
    """,
    "tarrant_tx": """
        Account_Num:id; Record_Type:txt; Owner_Name:roll; Owner_Address:A; Owner_CityState:PL; Owner_Zip:Z;
        Owner_Zip4:z4; Situs_Address:a; Property_City:c; Land_Value:money
    """,
    "clark_nv": """
        APN:id; OWNER_NAME_1:roll; OWNER_NAME_2:blank; MAIL_STREET:A; MAIL_CITY:C; MAIL_ST:S; MAIL_ZIP5:Z;
        SITUS_STREET_NO:an; SITUS_STREET_DIR:ad; SITUS_STREET_NAME:as; SITUS_STREET_SUFFIX:at; SITUS_CITY:c;
        SITUS_ZIP:z
    """,
    "los_angeles": """
        AIN:id; SitusHouseNo:an; SitusDirection:ad; SitusStreet:as1; SitusUnit:un; SitusCity:c; SitusZIP5:z;
        FirstOwnerName:roll; SecondOwnerName:blank; MailHouseNo:A_n; MailStreetName:A_s; MailCity:C;
        MailState:S; MailZip:Z; RollYear:year
    """,
    "iasworld": """
        PARID:id; TAXYR:year; OWN1:roll; OWN2:blank; ADDR1:A; ADDR2:blank; CITYNAME:C; STATECODE:S; ZIP1:Z;
        ADRNO:an; ADRDIR:ad; ADRSTR:as; ADRSUF:at; CLASS:num
    """,
    "mailchimp": """
        Email Address:em; First Name:fn; Last Name:ln; Address:fa; Phone Number:ph; MEMBER_RATING:num;
        OPTIN_TIME:date; TAGS:txt
    """,
    "evictions2": """
        Case No.:id; Filed:date; Landlord Name:full; Landlord Address:A; Landlord City:C; Landlord State:S;
        Landlord Zip:Z; Landlord Phone:ph; Tenant Name:xfull; Rental Address:a; Rental City:c; Rental State:s;
        Rental Zip:z; Amount Claimed:money
    """,
    "foreclosure_court": """
        Case Number:id; Plaintiff:bank; Defendant First Name:fn; Defendant Last Name:ln; Property Street:a;
        Property City:c; Property State:s; Property Zip:z; Judgment Amount:money; Sale Date:date;
        Plaintiff Attorney:xname
    """,
    "bankruptcy": """
        Case:id; Chapter:num; Debtor First Name:fn; Debtor Middle:mn; Debtor Last Name:ln; Debtor Street:a;
        Debtor City:c; Debtor State:s; Debtor Zip:z; Trustee:xname; Debtor Attorney:xname; Date Filed:date
    """,
    "water_shutoff": """
        Acct:id; Customer Name:full; Service Address:a; Service City:c; Service Zip:z; Billing Address:A;
        Billing City:C; Billing State:S; Billing Zip:Z; Past Due:money; Shutoff Date:date
    """,
    "vacant_registry": """
        Reg No:id; Building Address:a; Building Zip:z; Owner's Name:full; Owner's Street Address:A;
        Owner's City:C; Owner's State:S; Owner's Zip:Z; Owner's Phone:ph; Local Agent Name:xname;
        Local Agent Phone:xph; Last Inspected:date
    """,
    "str_permits": """
        Permit #:id; Permit Holder Name:full; Permit Holder Mailing Address:A; Permit Holder City:C;
        Permit Holder State:S; Permit Holder Zip:Z; STR Address:a; STR City:c; STR Zip:z; Bedrooms:num; Expires:date
    """,
    "gohighlevel": """
        Contact Id:id; First Name:fn; Last Name:ln; Phone:ph; Email:em; Business Name:corp; Street Address:a;
        City:c; State:s; Postal Code:z; Additional Phones:xph; Created:date; Tags:txt
    """,
    "privy": """
        Address:a; Unit:un; City:c; State:s; ZIP:z; Owner Full Name:full; Owner First:fn; Owner Last:ln;
        Mail To Address:A; Mail To City:C; Mail To State:S; Mail To ZIP:Z; Equity %:num; MLS Status:txt
    """,
    "tax_sale_pa": """
        Map No:id; Assessed Owner:roll; Care Of:blank; Owner Addr Line 1:A; Owner Addr Line 2:blank;
        Owner City:C; Owner St:S; Owner Zip:Z; Prop Loc:a; Municipality:c; Upset Price:money
    """,
    "business_license": """
        License No:id; DBA Name:biz; Owner Name:full; Business Address:a; Business City:c; Business State:s;
        Business Zip:z; Mailing Address:A; Mailing City:C; Mailing State:S; Mailing Zip:Z; Business Phone:ph; NAICS:num
    """,
    "lis_pendens": """
        Instrument:id; Recorded:date; Grantor First:fn; Grantor Last:ln; Grantee:bank; Legal Description:txt;
        Site Addr:a; Site City:c; Site ST:s; Site ZIP:z
    """,
}
VALUES = {
    "fn": ["Wanda", "Curtis", "Yolanda", "Hector", "Brenda", "Nathaniel"],
    "ln": ["Pruitt", "Ostrowski", "Gallegos", "Tran", "Whitaker", "Delgado"],
    "fn2": ["Dale", "", "Mario", "", "Roy", ""],
    "ln2": ["Pruitt", "", "Gallegos", "", "Whitaker", ""],
    "mn": ["A", "J", "", "M", "Lee", "R"],
    "full": [
        "Wanda Pruitt",
        "Curtis Ostrowski",
        "Yolanda Gallegos",
        "Hector Tran",
        "Brenda Whitaker",
        "Nathaniel Delgado",
    ],
    "roll": [
        "PRUITT WANDA A",
        "OSTROWSKI CURTIS J",
        "GALLEGOS YOLANDA",
        "TRAN HECTOR & ROSA",
        "WHITAKER BRENDA L",
        "DELGADO NATHANIEL",
    ],
    "xfull": ["Omar Bright", "Tina Kessler", "Paul Amaya", "Gwen Stroud", "Lyle Venable", "Iris Cho"],
    "xname": ["Sam Harker", "Sam Harker", "Lena Ruiz", "Sam Harker", "Lena Ruiz", "Sam Harker"],
    "dfn": ["Harold", "Mildred", "Edna", "Clyde", "Ruth", "Vernon"],
    "dln": ["Pruitt", "Ostrowski", "Gallegos", "Tran", "Whitaker", "Delgado"],
    "dfull": ["Harold Pruitt", "Mildred Ostrowski", "Edna Gallegos", "Clyde Tran", "Ruth Whitaker", "Vernon Delgado"],
    "fn_x": ["Wanda", "Curtis", "Yolanda", "Hector", "Brenda", "Nathaniel"],
    "corp": ["", "Pruitt Homes LLC", "", "", "Whitaker Rentals Inc", ""],
    "title": ["Lead 1", "Lead 2", "Lead 3", "Lead 4", "Lead 5", "Lead 6"],
    "sal": ["Ms", "Mr", "Mrs", "Mr", "Ms", "Mr"],
    "a": ["412 Juniper Ln", "9 E Main St", "2207 Sabal Palm Dr", "1800 Rt 9 N", "77 W Oak Ave", "350 County Road 12"],
    "un": ["", "Apt 4", "", "", "# 12", ""],
    "c": ["Tampa", "Plant City", "Tampa", "Brandon", "Lutz", "Tampa"],
    "s": ["FL", "FL", "FL", "FL", "FL", "FL"],
    "z": ["33602", "33563", "33610", "33511", "33548", "33604"],
    "A": ["PO Box 118", "9 E Main St", "55 Wall St Apt 9", "1800 Rt 9 N", "4100 Elm Cir", "88 Bay Rd"],
    "U": ["", "", "", "", "Ste 2", ""],
    "C": ["Atlanta", "Plant City", "New York", "Brandon", "Reno", "Boston"],
    "S": ["GA", "FL", "NY", "FL", "NV", "MA"],
    "Sfull": ["GEORGIA", "FLORIDA", "NEW YORK", "FLORIDA", "NEVADA", "MASSACHUSETTS"],
    "Z": ["30303", "33563", "10005", "33511", "89501", "02110"],
    "PL": [
        "ATLANTA, GA 30303",
        "PLANT CITY, FL 33563",
        "NEW YORK, NY 10005",
        "BRANDON, FL 33511",
        "RENO, NV 89501",
        "BOSTON, MA 02110",
    ],
    "fa": [
        "412 Juniper Ln, Tampa, FL 33602",
        "9 E Main St, Plant City, FL 33563",
        "2207 Sabal Palm Dr, Tampa, FL 33610",
        "1800 Rt 9 N, Brandon, FL 33511",
        "77 W Oak Ave, Lutz, FL 33548",
        "350 County Road 12, Tampa, FL 33604",
    ],
    "an": ["412", "9", "2207", "1800", "77", "350"],
    "ad": ["", "E", "", "", "W", ""],
    "as": ["JUNIPER", "MAIN", "SABAL PALM", "HICKORY", "OAK", "LAUREL"],
    "at": ["LN", "ST", "DR", "RD", "AVE", "CT"],
    "as1": ["Juniper Ln", "E Main St", "Sabal Palm Dr", "Hickory Rd", "W Oak Ave", "Laurel Ct"],
    "hn": ["412", "9", "2207", "1800", "77", "350"],
    "sn": ["Juniper Ln", "E Main St", "Sabal Palm Dr", "Rt 9 N", "W Oak Ave", "County Road 12"],
    "ph": ["(813) 555-0142", "813-555-0117", "", "8135550133", "", ""],
    "xph": ["(813) 555-0188", "", "813-555-0190", "", "", ""],
    "em": ["wanda@example.com", "", "y.g@example.com", "", "", ""],
    "xaddr": [
        "100 Court St, Tampa FL 33602",
        "100 Court St, Tampa FL 33602",
        "100 Court St, Tampa FL 33602",
        "100 Court St, Tampa FL 33602",
        "100 Court St, Tampa FL 33602",
        "100 Court St, Tampa FL 33602",
    ],
    "id": ["R100233", "R100235", "R100291", "R100402", "R100611", "R100772"],
    "num": ["3", "2", "4", "1", "3", "2"],
    "num4": ["7300", "0420", "1101", "0210", "3301", "9900"],
    "money": ["245000", "318500", "92750", "410000", "187300", "225000"],
    "date": ["2024-01-05", "2023-11-30", "2024-02-11", "2022-07-19", "2021-03-15", "2020-10-02"],
    "year": ["1998", "2004", "1987", "2011", "1975", "1990"],
    "txt": ["SINGLE FAMILY", "CONDO", "VACANT", "OTHER", "DUPLEX", "SINGLE FAMILY"],
    "yn": ["Yes", "No", "No", "Yes", "No", "Yes"],
    "g": ["F", "M", "F", "M", "F", "M"],
    "us": ["USA", "USA", "USA", "USA", "USA", "USA"],
    "co": ["Hillsborough", "Hillsborough", "Hillsborough", "Hillsborough", "Hillsborough", "Hillsborough"],
    "xco": ["HIL", "HIL", "HIL", "HIL", "HIL", "HIL"],
    "blank": ["", "", "", "", "", ""],
    "url": [
        "https://example.com/1",
        "https://example.com/1",
        "https://example.com/1",
        "https://example.com/1",
        "https://example.com/1",
        "https://example.com/1",
    ],
    "z4": ["1204", "0118", "3301", "2210", "1999", "0405"],
    "biz": [
        "Pruitt Tire LLC",
        "Ostrowski Deli",
        "Gallegos Roofing Inc",
        "Tran Nails",
        "Whitaker Rentals",
        "Delgado Auto",
    ],
    "bank": [
        "First Example Bank NA",
        "Second Example Mortgage LLC",
        "First Example Bank NA",
        "Third Example Bank",
        "First Example Bank NA",
        "Third Example Bank",
    ],
    "A_n": ["118", "9", "55", "1800", "4100", "88"],
    "A_s": ["PEACHTREE ST", "E MAIN ST", "WALL ST", "RT 9 N", "ELM CIR", "BAY RD"],
}
"""Kind → the values of a column in six rows."""
FIELDS = {
    "fn": "first_name",
    "mn": "middle_name",
    "ln": "last_name",
    "full": "full_name",
    "roll": "full_name",
    "a": "address",
    "un": "unit",
    "c": "city",
    "s": "state",
    "z": "zip",
    "A": "mail_address",
    "U": "mail_unit",
    "C": "mail_city",
    "S": "mail_state",
    "Sfull": "mail_state",
    "Z": "mail_zip",
    "PL": "mail_place",
    "fa": "full_address",
    "ph": "phone",
    "em": "email",
    "an": "address",
    "ad": "address",
    "as": "address",
    "at": "address",
    "as1": "address",
    "A_n": "mail_address",
    "A_s": "mail_address",
}
"""Kind → the field that a column of this kind holds. Others hold none."""
MAY_BE_USED = frozenset(["blank", "corp", "fa", "fn_x", "hn", "sal", "sn", "xfull", "z4"])
"""Kinds that may be joined with, or used in place of, another column: second lines, companies, whole addresses."""
