package io.milepost.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.handler.ssl.OpenSsl;
import java.security.KeyPair;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class VerifiedPeersTest {
    static {
        // The alerts are constants of the native library.
        OpenSsl.ensureAvailability();
    }

    private final TestCa ca = new TestCa();
    private final TestCa.Fixed ours = ca.workload(TestCa.id("waypoint"));
    private final KeyPair pair = TestCa.ec();
    private final X509Certificate[] client = {ca.issue(TestCa.id("client"), pair)};
    private final AtomicLong now = new AtomicLong(System.currentTimeMillis());
    private volatile Set<String> trustDomains = Set.of("cluster.local");
    private final MeshTrust trust = new MeshTrust(ours, () -> trustDomains, now::get);

    @Test
    void aLeafIsVerifiedOnceForEachPurpose() throws Exception {
        trust.checkClient(client);
        trust.checkClient(client);
        assertThat(trust.verifiedPeers()).isEqualTo(1);
        assertThat(trust.principal(client)).isEqualTo(TestCa.id("client"));

        trust.checkServer(client, List.of(TestCa.id("client")));
        assertThat(trust.verifiedPeers()).isEqualTo(2);
    }

    @Test
    void aKnownLeafIsStillComparedWithWhatIsExpected() throws Exception {
        trust.checkServer(client, List.of(TestCa.id("client")));
        assertThatThrownBy(() -> trust.checkServer(client, List.of(TestCa.id("another"))))
                .isInstanceOf(CertificateException.class)
                .hasMessageContaining(TestCa.id("another"));

        trust.checkClient(client);
        trustDomains = Set.of("other.domain");
        assertThatThrownBy(() -> trust.checkClient(client))
                .isInstanceOf(CertificateException.class)
                .hasMessageContaining("other.domain");
    }

    @Test
    void otherRootsForgetWhatTheFirstOnesVerified() throws Exception {
        trust.checkClient(client);
        WorkloadCertificates.Bundle before = ours.current();
        ours.change(new WorkloadCertificates.Bundle(before.key(), before.chain(), List.of(new TestCa().root)));
        assertThatThrownBy(() -> trust.checkClient(client)).isInstanceOf(CertificateException.class);
        assertThat(trust.verifiedPeers()).isZero();
    }

    @Test
    void anExpiredLeafIsVerifiedAgain() throws Exception {
        VerifiedPeers peers = new VerifiedPeers(4, now::get);
        peers.add(client);
        assertThat(peers.find(client[0])).containsExactly(TestCa.id("client"));

        now.set(client[0].getNotAfter().toInstant().toEpochMilli() + 1);
        assertThat(peers.find(client[0])).isNull();
        assertThat(peers.size()).isZero();
    }

    @Test
    void theLeastRecentlySeenMakesRoom() throws Exception {
        VerifiedPeers peers = new VerifiedPeers(4, now::get);
        peers.add(client);
        for (int i = 0; i < 10; i++) {
            peers.add(new X509Certificate[] {ca.issue(TestCa.id("client-" + i), pair)});
            assertThat(peers.find(client[0])).isNotNull();
        }
        assertThat(peers.size()).isEqualTo(4);
    }
}
