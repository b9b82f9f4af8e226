package io.milepost.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.milepost.hbone.Mesh.Collector;
import io.milepost.hbone.Mesh.Echo;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bouncycastle.util.io.pem.PemObject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Certificates from files: every form of key, reload under open tunnels, states that must not be used. */
@SuppressWarnings("FutureReturnValueIgnored")
@Timeout(180)
class CertificatesTest {
    @TempDir
    private Path dir;

    @RegisterExtension
    final Mesh mesh = new Mesh();

    private final List<PemWorkloadCertificates> open = new ArrayList<>();

    @AfterEach
    void stop() {
        open.forEach(PemWorkloadCertificates::close);
    }

    private PemWorkloadCertificates pem() throws IOException {
        PemWorkloadCertificates certificates =
                new PemWorkloadCertificates(dir.resolve("root.pem"), dir.resolve("cert.pem"), dir.resolve("key.pem"));
        open.add(certificates);
        return certificates;
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(dir.resolve(file), text);
    }

    @ParameterizedTest
    @CsvSource({
        "EC,EC PRIVATE KEY",
        "EC,PRIVATE KEY",
        "RSA,RSA PRIVATE KEY",
        "RSA,PRIVATE KEY",
    })
    void everyFormOfKey(String algorithm, String form) throws Exception {
        KeyPair pair = algorithm.equals("EC") ? TestCa.ec() : TestCa.rsa();
        write("root.pem", TestCa.pem(mesh.ca.root));
        write("cert.pem", TestCa.pem(mesh.ca.issue(TestCa.id("server"), pair)));
        String key = form.equals("PRIVATE KEY")
                ? TestCa.pem(new PemObject(form, pair.getPrivate().getEncoded()))
                : TestCa.pem(pair.getPrivate());
        assertThat(key).startsWith("-----BEGIN " + form + "-----");
        write("key.pem", key);
        HboneServer server = mesh.started(
                mesh.serverBuilder(tunnel -> tunnel.accept(new Echo())).certificates(pem()));
        Collector collector = new Collector();
        Channel tunnel =
                mesh.open(mesh.client(), Mesh.target(server), collector).get(30, TimeUnit.SECONDS);
        tunnel.writeAndFlush(Mesh.bytes("key"));
        await().untilAsserted(() -> assertThat(collector.text()).isEqualTo("key"));
    }

    /** A new certificate of a new root, with both roots trusted meanwhile: what istiod's CA rotation looks like. */
    @Test
    void reloadsWithoutDroppingTunnels() throws Exception {
        mesh.ca.write(dir, TestCa.id("server"));
        PemWorkloadCertificates certificates = pem();
        AtomicInteger changes = new AtomicInteger();
        certificates.onChange(changes::incrementAndGet);
        HboneServer server = mesh.started(
                mesh.serverBuilder(tunnel -> tunnel.accept(new Echo())).certificates(certificates));
        HboneClient client = mesh.built(mesh.clientBuilder().certificates(certificates));
        Collector before = new Collector();
        Channel old = mesh.open(client, Mesh.target(server), before).get(30, TimeUnit.SECONDS);
        X509Certificate first = leaf(old);

        TestCa next = new TestCa();
        KeyPair pair = TestCa.ec();
        // In the order in which no state is usable between: the key no longer fits, then the certificate does.
        write("root.pem", TestCa.pem(mesh.ca.root) + TestCa.pem(next.root));
        await().until(() -> certificates.current().roots().size() == 2);
        write("key.pem", TestCa.pem(pair.getPrivate()));
        write("cert.pem", TestCa.pem(next.issue(TestCa.id("server"), pair)));
        await().until(() -> certificates
                        .current()
                        .chain()
                        .getFirst()
                        .getIssuerX500Principal()
                        .equals(next.root.getSubjectX500Principal())
                && certificates.current().chain().getFirst().getPublicKey().equals(pair.getPublic()));
        assertThat(changes.get()).isGreaterThanOrEqualTo(2);

        HboneClient fresh = mesh.built(mesh.clientBuilder().certificates(certificates));
        Collector after = new Collector();
        Channel tunnel = mesh.open(fresh, Mesh.target(server), after).get(30, TimeUnit.SECONDS);
        assertThat(leaf(tunnel)).isNotEqualTo(first);
        assertThat(leaf(tunnel).getPublicKey()).isEqualTo(pair.getPublic());
        tunnel.writeAndFlush(Mesh.bytes("new"));
        old.writeAndFlush(Mesh.bytes("old"));
        await().untilAsserted(() -> assertThat(after.text()).isEqualTo("new"));
        await().untilAsserted(() -> assertThat(before.text()).isEqualTo("old"));

        // And the old root goes: its certificates are refused from now on.
        HboneClient ofOldRoot = mesh.client();
        write("root.pem", TestCa.pem(next.root));
        await().until(() -> certificates.current().roots().size() == 1);
        assertThat(mesh.open(ofOldRoot, Mesh.target(server), new Collector())).failsWithin(30, TimeUnit.SECONDS);
        old.writeAndFlush(Mesh.bytes(" still"));
        await().untilAsserted(() -> assertThat(before.text()).isEqualTo("old still"));
    }

    private static X509Certificate leaf(Channel tunnel) throws Exception {
        return (X509Certificate) tunnel.parent()
                .pipeline()
                .get(SslHandler.class)
                .engine()
                .getSession()
                .getPeerCertificates()[0];
    }

    @Test
    void statesThatDoNotFitLeaveTheLastGoodOne() throws Exception {
        mesh.ca.write(dir, TestCa.id("server"));
        PemWorkloadCertificates certificates = pem();
        WorkloadCertificates.Bundle good = certificates.current();
        AtomicInteger changes = new AtomicInteger();
        certificates.onChange(changes::incrementAndGet);
        write("key.pem", TestCa.pem(TestCa.ec().getPrivate()));
        write("cert.pem", "no certificate");
        Files.delete(dir.resolve("root.pem"));
        // The next good state shows that the bad ones were seen and left out.
        mesh.ca.write(dir, TestCa.id("renamed"));
        await().until(() -> !certificates.current().equals(good));
        assertThat(SpiffeIds.of(certificates.current().chain().getFirst())).containsExactly(TestCa.id("renamed"));
        assertThat(changes).hasValue(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "key.pem  | -----BEGIN PRIVATE KEY-----          | contains no private key",
                "key.pem  | other                                | contains no private key",
                "key.pem  | ENCRYPTED                            | a key of type 'ENCRYPTED PRIVATE KEY' is not supported",
                "key.pem  | STRANGER                             | is not the key of the first certificate in",
                "cert.pem | empty                                | contains no certificate",
                "root.pem | empty                                | contains no certificate",
            })
    void errorsNameTheFile(String file, String content, String message) throws Exception {
        mesh.ca.write(dir, TestCa.id("server"));
        write(
                file,
                switch (content) {
                    case "ENCRYPTED" ->
                        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
                    case "STRANGER" -> TestCa.pem(TestCa.ec().getPrivate());
                    case "empty" -> "";
                    default -> content;
                });
        assertThatThrownBy(this::pem)
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file)
                .hasMessageContaining(message);
    }
}
