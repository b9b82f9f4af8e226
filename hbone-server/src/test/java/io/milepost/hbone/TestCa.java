package io.milepost.hbone;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A mesh's CA. */
final class TestCa {
    private final AtomicLong serial = new AtomicLong(System.nanoTime());
    private final KeyPair key = ec();
    final X509Certificate root;

    TestCa() {
        try {
            X500Name name = new X500Name("O=test-ca");
            JcaX509v3CertificateBuilder builder = builder(name, name, key);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
            builder.addExtension(
                    Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.digitalSignature));
            root = sign(builder);
        } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    static KeyPair ec() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static KeyPair rsa() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static String id(String account) {
        return "spiffe://cluster.local/ns/default/sa/" + account;
    }

    Fixed workload(String spiffeId) {
        return workload(spiffeId, ec());
    }

    Fixed workload(String spiffeId, KeyPair pair) {
        return new Fixed(
                new WorkloadCertificates.Bundle(pair.getPrivate(), List.of(issue(spiffeId, pair)), List.of(root)));
    }

    /** As istiod's: one critical URI SAN, empty subject. */
    X509Certificate issue(String spiffeId, KeyPair pair) {
        try {
            JcaX509v3CertificateBuilder builder = builder(new X500Name("O=test-ca"), new X500Name(""), pair);
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    true,
                    new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, spiffeId)));
            builder.addExtension(
                    Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment));
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(new KeyPurposeId[] {
                KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
            }));
            return sign(builder);
        } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    private JcaX509v3CertificateBuilder builder(X500Name issuer, X500Name subject, KeyPair pair)
            throws CertIOException {
        Instant now = Instant.now();
        return new JcaX509v3CertificateBuilder(
                issuer,
                BigInteger.valueOf(serial.incrementAndGet()),
                Date.from(now.minus(Duration.ofMinutes(5))),
                Date.from(now.plus(Duration.ofDays(1))),
                subject,
                pair.getPublic());
    }

    private X509Certificate sign(JcaX509v3CertificateBuilder builder)
            throws OperatorCreationException, GeneralSecurityException {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate())));
    }

    /** Writes {@code root.pem}, {@code cert.pem} and {@code key.pem}. */
    void write(Path directory, String spiffeId) throws IOException {
        KeyPair pair = ec();
        Files.writeString(directory.resolve("root.pem"), pem(root));
        Files.writeString(directory.resolve("cert.pem"), pem(issue(spiffeId, pair)));
        Files.writeString(directory.resolve("key.pem"), pem(pair.getPrivate()));
    }

    static String pem(Object value) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(value);
        }
        return text.toString();
    }

    /** Certificates in memory that a test can exchange. */
    static final class Fixed implements WorkloadCertificates {
        private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
        private volatile Bundle bundle;

        Fixed(Bundle bundle) {
            this.bundle = bundle;
        }

        void change(Bundle value) {
            bundle = value;
            listeners.forEach(Runnable::run);
        }

        @Override
        public Bundle current() {
            return bundle;
        }

        @Override
        public void onChange(Runnable listener) {
            listeners.add(listener);
        }

        @Override
        public void close() {}
    }
}
