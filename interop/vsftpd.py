"""Debian's vsftpd as a printer's storage: implicit TLS, the user `bblp`, one folder. Needs root, since
vsftpd and the password check of PAM do."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from judge import wait_for
from world import Process, free_port

ACCESS_CODE = "12345678"


class Vsftpd:
    """A server on one port. `settings` go into its configuration; `memory`: a folder that holds no more
    bytes than that."""

    def __init__(self, authority, serial, memory=None, **settings):
        self.directory = tempfile.TemporaryDirectory(prefix="bambu-vsftpd-")
        root = pathlib.Path(self.directory.name)
        root.chmod(0o755)
        self.port, self.files, self.log = free_port(), root / "files", root / "log"
        self.is_mounted = memory is not None
        self.files.mkdir()
        if memory:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={memory}", "judge", self.files], check=True)
        shutil.chown(self.files, "ftp", "ftp")
        (root / "empty").mkdir()
        # pam_exec would be simpler, but its check does not end below vsftpd.
        subprocess.run(["perl", "-MDB_File", "-e", 'tie %h, "DB_File", $ARGV[0], O_RDWR|O_CREAT, 0600, $DB_HASH '
                        'or die $!; $h{"bblp"} = $ARGV[1]', root / "users.db", ACCESS_CODE], check=True)
        self.pam = pathlib.Path("/etc/pam.d", f"bambu-judge-{os.getpid()}-{self.port}")
        self.pam.write_text(f"auth required pam_userdb.so db={root}/users crypt=none\naccount required pam_permit.so\n")
        leaf, key = authority.certificate(serial)
        wanted = {
            "listen": "YES", "listen_address": "127.0.0.1", "listen_port": self.port, "background": "NO",
            "anonymous_enable": "NO", "local_enable": "YES", "guest_enable": "YES", "guest_username": "ftp",
            "virtual_use_local_privs": "YES", "write_enable": "YES", "local_root": self.files,
            "chroot_local_user": "YES", "allow_writeable_chroot": "YES", "secure_chroot_dir": root / "empty",
            "pam_service_name": self.pam.name, "seccomp_sandbox": "NO", "isolate": "NO", "isolate_network": "NO",
            "ssl_enable": "YES", "implicit_ssl": "YES", "force_local_data_ssl": "YES",
            "force_local_logins_ssl": "YES", "ssl_ciphers": "HIGH", "require_ssl_reuse": "YES",
            "rsa_cert_file": leaf, "rsa_private_key_file": key, "file_open_mode": "0666", "local_umask": "022",
            "xferlog_enable": "YES", "vsftpd_log_file": self.log, "log_ftp_protocol": "YES",
            "use_localtime": "YES",
        } | settings
        config = root / "vsftpd.conf"
        config.write_text("".join(f"{name}={value}\n" for name, value in wanted.items()))
        self.process = Process(["/usr/sbin/vsftpd", config])
        if not wait_for(lambda: self._listens() or not self.process.running()) or not self.process.running():
            self.process.show()
            self.__exit__()
            raise RuntimeError("vsftpd did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.cut()
        self.process.stop()
        self.process.directory.cleanup()
        self.pam.unlink(missing_ok=True)
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.files], check=False)
        self.directory.cleanup()

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def cut(self):
        """Ends every session there is, as a printer that loses its power does."""
        parents, found = [self.process.child.pid], []
        while parents:
            pid = parents.pop()
            try:
                children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            except OSError:
                continue
            found += children
            parents += map(int, children)
        for pid in found:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def said(self):
        """The protocol so far, as vsftpd logs it."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""
