use super::*;

/// The secret key of the examples in Amazon's documentation.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn plain<'a>(method: &'a str, expires: &'a str, path: &'a str) -> Signed<'a> {
    Signed { method, md5: "", content_type: "", expires, amz: &[], path, query: &[] }
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn the_examples_of_the_documentation_have_their_signatures() {
    let get =
        plain("GET", "Tue, 27 Mar 2007 19:36:42 +0000", "/awsexamplebucket1/photos/puppy.jpg");
    assert_eq!(sign(SECRET, &get.text()), "qgk2+6Sv9/oM7G3qLEjTH1a1l1g=");
    let put = Signed {
        content_type: "image/jpeg",
        ..plain("PUT", "Tue, 27 Mar 2007 21:15:45 +0000", "/awsexamplebucket1/photos/puppy.jpg")
    };
    assert_eq!(sign(SECRET, &put.text()), "iqRzw+ileNPu1fhspnRs8nOjjIA=");
    let list = plain("GET", "Tue, 27 Mar 2007 19:42:41 +0000", "/awsexamplebucket1/");
    assert_eq!(sign(SECRET, &list.text()), "m0WP8eCtspQl5Ahe6L1SozdX9YA=");
    let query = [pair("acl", "")];
    let acl = Signed {
        query: &query,
        ..plain("GET", "Tue, 27 Mar 2007 19:44:46 +0000", "/awsexamplebucket1/")
    };
    assert_eq!(acl.text().lines().last(), Some("/awsexamplebucket1/?acl"));
    assert_eq!(sign(SECRET, &acl.text()), "82ZHiFIjc+WbcwFKGUVEQspPn+0=");
    // The older edition of the same examples.
    let upload = Signed {
        md5: "4gJE4saaMU4BqNR0kLY+lw==",
        content_type: "application/x-download",
        amz: &[
            pair("x-amz-meta-filechecksum", "0x02661779"),
            pair("x-amz-acl", "public-read"),
            pair("x-amz-meta-checksumalgorithm", "crc32"),
            pair("x-amz-meta-reviewedby", "joe@johnsmith.net"),
            pair("x-amz-meta-reviewedby", "jane@johnsmith.net"),
        ],
        ..plain("PUT", "Tue, 27 Mar 2007 21:06:08 +0000", "/static.johnsmith.net/db-backup.dat.gz")
    };
    assert_eq!(sign(SECRET, &upload.text()), "ilyl83RwaSoYIEdixDQcA4OnAnc=");
    let url = plain("GET", "1175139620", "/johnsmith/photos/puppy.jpg");
    assert_eq!(sign(SECRET, &url.text()), "NpgCjnDzrM+WFzoENXmpNDUsSn8=");
}

#[test]
fn a_signature_is_right_for_its_string_alone() {
    let text = plain("GET", "1", "/b/k").text();
    let signature = sign(SECRET, &text);
    assert!(is_right(SECRET, &text, &signature));
    assert!(!is_right("other", &text, &signature));
    assert!(!is_right(SECRET, "GET", &signature));
    for garbage in ["", "=", "not base64", &signature[1..]] {
        assert!(!is_right(SECRET, &text, garbage), "{garbage}");
    }
}

#[test]
fn parts_of_a_url_are_written_and_read() {
    assert_eq!(encoded("users/1/a b+ä.3mf", true), "users/1/a%20b%2B%C3%A4.3mf");
    assert_eq!(encoded("a/b=", false), "a%2Fb%3D");
    assert_eq!(decoded("a%20b%2B%C3%A4+", false).as_deref(), Some("a b+ä+"));
    assert_eq!(decoded("100%", true).as_deref(), Some("100%"));
    assert_eq!(decoded("%FF", true), None);
    let read = pairs("a=1&b&Signature=x+y%3D&c=x+y").unwrap();
    let wanted = [pair("a", "1"), pair("b", ""), pair("Signature", "x+y="), pair("c", "x y")];
    assert_eq!(read, wanted);
}
