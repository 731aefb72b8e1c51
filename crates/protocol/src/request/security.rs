//! Section `security`: certificates of applications, for printers with Developer Mode off.

use super::catalogue::requests;

requests! {
    /// Which applications a printer trusts. Nothing here holds a key.
    pub enum Security in "security" {
        /// Installs an application's certificate until the printer restarts.
        InstallCertificate {
            /// Leaf, intermediate and root, PEM.
            app_cert: String,
            /// Revocation list, PEM; its dates are not checked [L].
            crl: String,
        } => "app_cert_install", "with authorization control", Data, "", "L";
        /// Lists the certificates that the printer trusts.
        ListCertificates => "app_cert_list", "with authorization control", Data, "", "L";
    }
}
