use super::*;

#[test]
fn a_file_without_a_certificate_is_named() {
    let error = Roots::public().with_pem(b"hello", "my-ca.pem").unwrap_err();
    assert!(error.to_string().contains("my-ca.pem"), "{error}");
    assert!(matches!(Roots::public().with_pem_file("/no/such"), Err(RootsError::Read { .. })));
}
