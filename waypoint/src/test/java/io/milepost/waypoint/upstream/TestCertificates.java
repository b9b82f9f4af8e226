package io.milepost.waypoint.upstream;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** An authority and what it issues, for tests of TLS. */
@SuppressWarnings("NullAway") // a null where none belongs fails the test
final class TestCertificates {
    record Issued(X509Certificate certificate, PrivateKey key) {}

    private final KeyPair keys;
    private final X509Certificate authority;
    private int serial = 1;

    TestCertificates(String name) throws GeneralSecurityException, IOException {
        keys = pair();
        authority = make("CN=" + name, keys, null);
    }

    private static KeyPair pair() throws GeneralSecurityException {
        KeyPairGenerator g = KeyPairGenerator.getInstance("EC");
        g.initialize(256);
        return g.generateKeyPair();
    }

    X509Certificate authority() {
        return authority;
    }

    Issued issue(GeneralName... names) throws GeneralSecurityException, IOException {
        KeyPair p = pair();
        return new Issued(make("CN=leaf", p, new GeneralNames(names)), p.getPrivate());
    }

    static GeneralName dns(String name) {
        return new GeneralName(GeneralName.dNSName, name);
    }

    static GeneralName uri(String name) {
        return new GeneralName(GeneralName.uniformResourceIdentifier, name);
    }

    private X509Certificate make(String subject, KeyPair of, GeneralNames names)
            throws GeneralSecurityException, IOException {
        Instant now = Instant.now();
        try {
            JcaX509v3CertificateBuilder b = new JcaX509v3CertificateBuilder(
                    names == null
                            ? new X500Name(subject)
                            : new X500Name(authority.getSubjectX500Principal().getName()),
                    BigInteger.valueOf(serial++),
                    Date.from(now.minusSeconds(60)),
                    Date.from(now.plusSeconds(3600)),
                    new X500Name(subject),
                    of.getPublic());
            if (names == null) {
                b.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
            } else {
                b.addExtension(Extension.subjectAlternativeName, false, names);
            }
            return new JcaX509CertificateConverter()
                    .getCertificate(b.build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())));
        } catch (CertIOException | OperatorCreationException e) {
            throw new GeneralSecurityException(e);
        }
    }

    static Path pem(Path file, X509Certificate c) throws GeneralSecurityException, IOException {
        return pem(file, "CERTIFICATE", c.getEncoded());
    }

    static Path pem(Path file, PrivateKey k) throws IOException {
        return pem(file, "PRIVATE KEY", k.getEncoded());
    }

    private static Path pem(Path file, String kind, byte[] der) throws IOException {
        return Files.writeString(
                file,
                "-----BEGIN " + kind + "-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                        + "\n-----END " + kind + "-----\n");
    }
}
