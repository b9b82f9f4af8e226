package io.milepost.waypoint.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster.Discovery;
import io.milepost.mesh.Cluster.Dns;
import io.milepost.mesh.IpAddress;
import io.milepost.waypoint.upstream.NameResolver.Answer;
import io.netty.channel.DefaultEventLoop;
import io.netty.util.AsciiString;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Clusters whose endpoints are names, with a resolver that answers when the test says so. */
@SuppressWarnings("NullAway") // a null where none belongs fails the test
class NamesTest {
    private record Asked(String name, Consumer<Answer> then) {}

    private final ArrayDeque<Asked> asked = new ArrayDeque<>();
    private final List<String> all = new ArrayList<>();
    private final DefaultEventLoop loop = new DefaultEventLoop();
    private final Fixture f = new Fixture();

    NamesTest() {
        f.resolver = new NameResolver() {
            @Override
            public void resolve(String name, Dns.Family family, Consumer<Answer> then) {
                all.add(name);
                asked.add(new Asked(name, then));
            }

            @Override
            public void close() {
                asked.clear();
            }
        };
    }

    @AfterEach
    void close() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private static Answer found(long ttlMillis, String... ips) {
        List<IpAddress> out = new ArrayList<>();
        for (String ip : ips) {
            out.add(IpAddress.parse(ip).orElseThrow());
        }
        return new Answer.Found(out, ttlMillis);
    }

    private void answer(Answer a) {
        asked.remove().then().accept(a);
    }

    private ClusterState strict() {
        f.discovery = Discovery.STRICT_DNS;
        return f.endpoints(Fixture.at("api.example", 443)).build();
    }

    @Test
    @DisplayName("STRICT_DNS: every address is an endpoint; before the first answer requests wait")
    void strictDns() throws InterruptedException {
        ClusterState s = strict();
        Pick p = Fixture.pick();
        assertThat(s.pick(p.begin())).isNull();
        assertThat(p.none()).isEqualTo(Skip.NOT_RESOLVED);
        CountDownLatch ready = new CountDownLatch(1);
        assertThat(p.whenReady(loop, ready::countDown)).isTrue();
        assertThat(s.stats().noHealthyHost.sum()).as("waiting is no failure").isZero();
        answer(found(30_000, "10.0.0.1", "10.0.0.2"));
        assertThat(ready.await(5, TimeUnit.SECONDS)).isTrue();
        assertThat(Fixture.tally(s, 100)).containsOnlyKeys("10.0.0.1", "10.0.0.2");
        assertThat(s.hosts().getFirst().endpoint().port()).isEqualTo(443);
    }

    @Test
    @DisplayName("the time to live is respected; hosts that stay keep what they counted, others drain")
    void ttl() {
        ClusterState s = strict();
        answer(found(30_000, "10.0.0.1", "10.0.0.2"));
        HostState kept = Fixture.host(s, "10.0.0.2");
        kept.active().set(3);
        f.pass(29_999);
        s.tick();
        assertThat(asked).isEmpty();
        f.pass(1);
        s.tick();
        assertThat(asked).hasSize(1);
        s.tick();
        assertThat(asked).as("one question at a time").hasSize(1);
        answer(found(30_000, "10.0.0.2", "10.0.0.3"));
        assertThat(Fixture.host(s, "10.0.0.2")).isSameAs(kept);
        assertThat(kept.active()).hasValue(3);
        assertThat(f.removed)
                .singleElement()
                .satisfies(h -> assertThat(h.removed()).isTrue());
    }

    @Test
    @DisplayName("a silent server leaves the last addresses in use, NXDOMAIN removes them; both are asked again")
    void failures() {
        ClusterState s = strict();
        answer(found(1_000, "10.0.0.1"));
        f.pass(1_000);
        s.tick();
        answer(new Answer.Failed("timeout"));
        assertThat(Fixture.tally(s, 10)).containsOnlyKeys("10.0.0.1");
        assertThat(s.stats().lookupFailures.sum()).isEqualTo(1);
        f.pass(5_000);
        s.tick();
        answer(new Answer.Missing());
        Pick p = Fixture.pick();
        assertThat(s.pick(p.begin())).isNull();
        assertThat(p.none()).isEqualTo(Skip.NO_ENDPOINTS);
        f.pass(60_000);
        s.tick();
        answer(found(1_000, "10.0.0.9"));
        assertThat(Fixture.tally(s, 10)).containsOnlyKeys("10.0.0.9");
    }

    @Test
    @DisplayName("the first answer is a failure: UH, nobody waits for ever")
    void firstFails() throws InterruptedException {
        ClusterState s = strict();
        Pick p = Fixture.pick();
        s.pick(p.begin());
        CountDownLatch ready = new CountDownLatch(1);
        p.whenReady(loop, ready::countDown);
        answer(new Answer.Failed("refused"));
        assertThat(ready.await(5, TimeUnit.SECONDS)).isTrue();
        assertThat(s.pick(p.begin())).isNull();
        assertThat(p.none()).isEqualTo(Skip.DNS_FAILED);
    }

    @Test
    @DisplayName("waiting requests have a limit")
    void waitersLimited() {
        ClusterState s = strict();
        Pick p = Fixture.pick();
        s.pick(p.begin());
        for (int i = 0; i < Waiters.LIMIT; i++) {
            assertThat(p.whenReady(loop, () -> {})).isTrue();
        }
        assertThat(p.whenReady(loop, () -> {})).isFalse();
        assertThat(s.stats().waitOverflow.sum()).isEqualTo(1);
    }

    @Test
    @DisplayName("LOGICAL_DNS: one host, the first address; the others are tried when it does not answer")
    void logical() {
        f.discovery = Discovery.LOGICAL_DNS;
        ClusterState s = f.endpoints(Fixture.at("api.example", 443)).build();
        answer(found(1_000, "10.0.0.1", "10.0.0.2"));
        assertThat(Fixture.tally(s, 10)).containsOnlyKeys("10.0.0.1");
        assertThat(s.pick(Fixture.pick().begin()).endpoint().more()).containsExactly("10.0.0.2");
    }

    @Test
    @DisplayName("addresses among the names need no question (recorded: vs-se, dns with an address)")
    void literal() {
        f.discovery = Discovery.STRICT_DNS;
        ClusterState s = f.endpoints(Fixture.at("127.1.2.1", 9080)).build();
        assertThat(asked).isEmpty();
        assertThat(Fixture.tally(s, 3)).containsOnlyKeys("127.1.2.1");
    }

    private ClusterState dynamic() {
        f.discovery = Discovery.DYNAMIC_DNS;
        f.name = "inbound-vip|80|http|*.example";
        return f.endpoints().build();
    }

    @Test
    @DisplayName("DYNAMIC_DNS: the request's host, its port or that of the service")
    void dynamicDns() throws InterruptedException {
        ClusterState s = dynamic();
        Pick p = Fixture.pick();
        AsciiString host = AsciiString.of("API.example");
        assertThat(s.pick(p.begin().authority(host))).isNull();
        assertThat(p.pending()).isTrue();
        CountDownLatch ready = new CountDownLatch(1);
        assertThat(p.whenReady(loop, ready::countDown)).isTrue();
        assertThat(all).containsExactly("api.example");
        answer(found(30_000, "10.0.0.1"));
        assertThat(ready.await(5, TimeUnit.SECONDS)).isTrue();
        HostState h = s.pick(p.begin().authority(host));
        assertThat(h.endpoint().hostPort()).isEqualTo("10.0.0.1:80");
        s.pick(p.begin().authority(AsciiString.of("api.example:8443")));
        answer(found(30_000, "10.0.0.2"));
        assertThat(s.pick(p.begin().authority(AsciiString.of("api.example:8443")))
                        .endpoint()
                        .hostPort())
                .isEqualTo("10.0.0.2:8443");
        assertThat(s.onDemandSize()).isEqualTo(2);
    }

    @Test
    @DisplayName("DYNAMIC_DNS: refreshed after the time to live while the old address serves, forgotten when unused")
    void dynamicRefresh() {
        ClusterState s = dynamic();
        Pick p = Fixture.pick();
        AsciiString host = AsciiString.of("api.example");
        s.pick(p.begin().authority(host));
        answer(found(10_000, "10.0.0.1"));
        f.pass(10_000);
        assertThat(s.pick(p.begin().authority(host))).isNotNull();
        assertThat(asked).hasSize(1);
        answer(found(10_000, "10.0.0.2", "10.0.0.1"));
        assertThat(s.pick(p.begin().authority(host)).endpoint().address())
                .as("an address that is still there stays")
                .isEqualTo("10.0.0.1");
        f.pass(301_000);
        s.tick();
        assertThat(s.onDemandSize()).isZero();
        assertThat(f.removed).hasSize(1);
    }

    @Test
    @DisplayName("DYNAMIC_DNS: a name that does not exist is asked again after five seconds, not for every request")
    void dynamicNegative() {
        ClusterState s = dynamic();
        Pick p = Fixture.pick();
        AsciiString host = AsciiString.of("nowhere.example");
        s.pick(p.begin().authority(host));
        answer(new Answer.Missing());
        for (int i = 0; i < 10; i++) {
            assertThat(s.pick(p.begin().authority(host))).isNull();
            assertThat(p.none()).isEqualTo(Skip.DNS_FAILED);
        }
        assertThat(all).hasSize(1);
        f.pass(5_000);
        s.pick(p.begin().authority(host));
        assertThat(all).hasSize(2);
    }

    @Test
    @DisplayName("DYNAMIC_DNS: the cache has a limit and a counter")
    void dynamicLimit() {
        ClusterState s = dynamic();
        Pick p = Fixture.pick();
        for (int i = 0; i < DynamicNames.LIMIT; i++) {
            s.pick(p.begin().authority(AsciiString.of("h" + i + ".example")));
        }
        assertThat(s.pick(p.begin().authority(AsciiString.of("more.example")))).isNull();
        assertThat(p.none()).isEqualTo(Skip.CACHE_FULL);
        assertThat(s.stats().destinationOverflow.sum()).isEqualTo(1);
        assertThat(s.onDemandSize()).isEqualTo(DynamicNames.LIMIT);
    }

    @Test
    @DisplayName("DYNAMIC_DNS: known hosts are chosen without allocation")
    void dynamicAllocation() {
        ClusterState s = dynamic();
        AsciiString host = AsciiString.of("api.example");
        Pick p = Fixture.pick();
        s.pick(p.begin().authority(host));
        answer(found(3_600_000, "10.0.0.1"));
        assertThat(AllocationProbe.bytes(() -> s.pick(p.begin().authority(host))))
                .isLessThan(2_000);
    }

    @Test
    @DisplayName(
            "original destination: where the client wanted to go (recorded: vs-se, resolution NONE), forgotten when unused")
    void originalDestination() {
        f.discovery = Discovery.ORIGINAL_DST;
        ClusterState s = f.endpoints().build();
        Pick p = Fixture.pick();
        IpAddress ip = IpAddress.parse("127.1.1.2").orElseThrow();
        HostState h = s.pick(p.begin().destination(ip, 9080));
        assertThat(h.endpoint().hostPort()).isEqualTo("127.1.1.2:9080");
        assertThat(s.pick(p.begin().destination(ip, 9080))).isSameAs(h);
        assertThat(s.pick(p.begin().destination(ip, 9081))).isNotSameAs(h);
        assertThat(s.pick(p.begin())).isNull();
        assertThat(p.none()).isEqualTo(Skip.NO_DESTINATION);
        assertThat(AllocationProbe.bytes(() -> s.pick(p.begin().destination(ip, 9080))))
                .isLessThan(2_000);
        h.active().set(1);
        f.pass(11_000);
        s.tick();
        assertThat(s.hosts()).as("one is in use").containsExactly(h);
        h.active().set(0);
        s.tick();
        assertThat(s.onDemandSize()).isZero();
    }

    @Test
    @DisplayName(
            "a port without address is that of every destination (istiod: UpstreamPortOverride) and of names without port")
    void givenPort() {
        f.discovery = Discovery.ORIGINAL_DST;
        ClusterState s = f.endpoints(Fixture.at("", 8443)).build();
        IpAddress ip = IpAddress.parse("127.1.1.2").orElseThrow();
        HostState h = s.pick(Fixture.pick().begin().destination(ip, 9080));
        assertThat(h.endpoint().hostPort()).isEqualTo("127.1.1.2:8443");
    }

    @Test
    @DisplayName("original destination: the number of destinations has a limit and a counter")
    void originalLimit() {
        f.discovery = Discovery.ORIGINAL_DST;
        ClusterState s = f.endpoints().build();
        Pick p = Fixture.pick();
        IpAddress ip = IpAddress.parse("10.0.0.1").orElseThrow();
        for (int port = 1; port <= OriginalDestinations.LIMIT; port++) {
            assertThat(s.pick(p.begin().destination(ip, port))).isNotNull();
        }
        assertThat(s.pick(p.begin().destination(ip, 60_000))).isNull();
        assertThat(p.none()).isEqualTo(Skip.CACHE_FULL);
        assertThat(s.stats().destinationOverflow.sum()).isEqualTo(1);
        f.pass(11_000);
        s.tick();
        assertThat(s.pick(p.begin().destination(ip, 60_000))).isNotNull();
    }

    @Test
    @DisplayName("default ports of requests that name none")
    void defaultPorts() {
        Map<String, Integer> ports = Map.of("inbound-vip|8080|http|*.x", 8080, "odd", 80);
        ports.forEach((name, port) -> {
            f.name = name;
            assertThat(ClusterState.defaultPort(f.cluster())).isEqualTo(port);
        });
    }
}
