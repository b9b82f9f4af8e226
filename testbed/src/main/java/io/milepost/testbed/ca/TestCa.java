package io.milepost.testbed.ca;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A mesh's own CA: a self-signed P-256 root and leaves whose only name is a SPIFFE URI, written as PEM files. */
public final class TestCa {
    /** The key types that istiod hands out. */
    public enum KeyKind {
        P256,
        RSA
    }

    /** One identity on disk: {@code cert} is the chain (leaf, then root), {@code key} is PKCS#8. */
    public record Leaf(String spiffeId, Path cert, Path key) {}

    private static final Duration BACKDATED = Duration.ofHours(1);
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Path folder;
    private final String trustDomain;
    private final X500Name issuer;
    private final KeyPair caKey;
    private final X509CertificateHolder root;
    private final Path rootFile;
    private final Map<String, Leaf> leaves = new ConcurrentHashMap<>();

    /** A CA of trust domain cluster.local that keeps its files in the folder. */
    public TestCa(Path folder) {
        this(folder, "cluster.local");
    }

    public TestCa(Path folder, String trustDomain) {
        this.folder = folder;
        this.trustDomain = trustDomain;
        this.issuer = new X500Name("O=" + trustDomain);
        try {
            Files.createDirectories(folder);
            caKey = newKey(KeyKind.P256);
            Instant now = Instant.now();
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    issuer,
                    serial(),
                    Date.from(now.minus(BACKDATED)),
                    Date.from(now.plus(Duration.ofDays(3650))),
                    issuer,
                    caKey.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            root = builder.build(signer());
            rootFile = folder.resolve("root-cert.pem");
            Files.writeString(rootFile, pem("CERTIFICATE", root.getEncoded()));
        } catch (IOException e) {
            throw new UncheckedIOException("test CA: cannot write to " + folder, e);
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException("test CA: this JDK cannot make P-256 certificates", e);
        }
    }

    /** The root's PEM file. */
    public Path root() {
        return rootFile;
    }

    public String trustDomain() {
        return trustDomain;
    }

    /** The P-256 leaf of a service account; made once and kept. */
    public Leaf leaf(String namespace, String serviceAccount) {
        return leaf(namespace, serviceAccount, KeyKind.P256);
    }

    /** The leaf of a service account; made once per kind of key and kept. */
    public Leaf leaf(String namespace, String serviceAccount, KeyKind kind) {
        String suffix = kind == KeyKind.P256 ? "" : "-" + kind.name().toLowerCase(Locale.ROOT);
        String file = namespace + "-" + serviceAccount + suffix;
        return leaves.computeIfAbsent(
                file,
                f -> issue(
                        "spiffe://" + trustDomain + "/ns/" + namespace + "/sa/" + serviceAccount,
                        kind,
                        Duration.ofDays(365),
                        f));
    }

    /** Signs a new leaf with any URI as its name and (over)writes {@code file.pem} and {@code file.key}: for rotation, foreign trust domains, expired ones. */
    public Leaf issue(String uri, KeyKind kind, Duration validFor, String file) {
        try {
            KeyPair key = newKey(kind);
            Instant now = Instant.now();
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    issuer,
                    serial(),
                    Date.from(now.minus(BACKDATED)),
                    Date.from(now.plus(validFor)),
                    new X500Name(""),
                    key.getPublic());
            // Critical, as istiod does it, because the subject is empty (RFC 5280 4.2.1.6).
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    true,
                    new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, uri)));
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(
                    Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment));
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(new KeyPurposeId[] {
                KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
            }));
            X509CertificateHolder leaf = builder.build(signer());
            Leaf files = new Leaf(uri, folder.resolve(file + ".pem"), folder.resolve(file + ".key"));
            Files.writeString(
                    files.cert(), pem("CERTIFICATE", leaf.getEncoded()) + pem("CERTIFICATE", root.getEncoded()));
            Files.writeString(files.key(), pem("PRIVATE KEY", key.getPrivate().getEncoded()));
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException("test CA: cannot write the leaf of " + uri + " to " + folder, e);
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException("test CA: cannot sign the leaf of " + uri, e);
        }
    }

    private org.bouncycastle.operator.ContentSigner signer() throws OperatorCreationException {
        return new JcaContentSignerBuilder("SHA256withECDSA").build(caKey.getPrivate());
    }

    private static KeyPair newKey(KeyKind kind) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(kind == KeyKind.P256 ? "EC" : "RSA");
        if (kind == KeyKind.P256) {
            generator.initialize(new ECGenParameterSpec("secp256r1"));
        } else {
            generator.initialize(2048);
        }
        return generator.generateKeyPair();
    }

    private static BigInteger serial() {
        return new BigInteger(127, RANDOM).add(BigInteger.ONE);
    }

    private static String pem(String kind, byte[] der) {
        String body = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                .encodeToString(der);
        return "-----BEGIN " + kind + "-----\n" + body + "\n-----END " + kind + "-----\n";
    }
}
