package io.milepost.filters;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster.LoadBalancer.Ring;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.RouteAction.HashPolicy;
import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Placements recorded in the case vs-dr-hash (Envoy 1.40, ring of at least 1024 points). */
class HashPlacementTest {
    private static final IpAddress SOURCE = IpAddress.parse("127.2.0.1").orElseThrow();
    private static final RingHash REVIEWS = RingHash.build(
            List.of("127.1.1.1:9080", "127.1.1.2:9080", "127.1.1.3:9080"),
            new double[] {1, 1, 1},
            new Ring(1024, 8388608));
    private static final RingHash ECHO =
            RingHash.build(List.of("127.1.3.1:8080", "127.1.3.2:8080"), new double[] {1, 1}, new Ring(1024, 8388608));

    private final List<AsciiString> cookies = new ArrayList<>();

    private final HashKey.CookieJar jar = new HashKey.CookieJar() {
        @Override
        public String connection() {
            return "127.2.0.1:5010.96.0.12:80";
        }

        @Override
        public void setCookie(AsciiString line) {
            cookies.add(line);
        }
    };

    private final HashKey user = HashKey.compile(List.of(new HashPolicy.Header("x-user")));
    private final HashKey sticky =
            HashKey.compile(List.of(new HashPolicy.Cookie("sticky", Optional.of(60L), "/p", List.of())));

    private int review(String... headers) {
        return 1 + REVIEWS.pick(user.of(Heads.get("/", headers), SOURCE, jar).orElseThrow(), 0);
    }

    @Test
    void headersReachTheRecordedPods() {
        assertThat(review("x-user", "alice")).isEqualTo(1);
        assertThat(review("x-user", "bob")).isEqualTo(3);
        assertThat(review("x-user", "carol")).isEqualTo(3);
        assertThat(review("x-user", "dave")).isEqualTo(1);
        assertThat(review("x-user", "alice", "x-user", "bob")).isEqualTo(2);
        assertThat(user.of(Heads.get("/"), SOURCE, jar)).isEmpty();
    }

    /** Case hbone-vs-dr-hash: pods behind HBONE are named by Envoy's internal address. */
    @Test
    void podsBehindHboneHashByTheInternalAddress() {
        String prefix = "envoy://connect_originate/";
        RingHash ring = RingHash.build(
                List.of(prefix + "127.1.1.1:9080", prefix + "127.1.1.2:9080", prefix + "127.1.1.3:9080"),
                new double[] {1, 1, 1},
                new Ring(1024, 8388608));
        List<Integer> pods = new ArrayList<>();
        for (String name : List.of("alice", "bob", "carol", "dave")) {
            pods.add(1
                    + ring.pick(
                            user.of(Heads.get("/", "x-user", name), SOURCE, jar).orElseThrow(), 0));
        }
        assertThat(pods).containsExactly(2, 3, 2, 1);
    }

    @Test
    void cookiesReachTheRecordedPods() {
        OptionalLong one = sticky.of(Heads.get("/", "cookie", "sticky=one"), SOURCE, jar);
        OptionalLong two = sticky.of(Heads.get("/", "cookie", "a=b; sticky=two; c=d"), SOURCE, jar);
        assertThat(ECHO.pick(one.orElseThrow(), 0)).isEqualTo(1);
        assertThat(ECHO.pick(two.orElseThrow(), 0)).isEqualTo(1);
        assertThat(cookies).isEmpty();
    }

    @Test
    void aMissingCookieIsIssued() {
        assertThat(sticky.of(Heads.get("/"), SOURCE, jar)).isPresent();
        assertThat(cookies.getFirst().toString()).matches("sticky=\"[0-9a-f]{16}\"; Max-Age=60; Path=/p; HttpOnly");
    }

    @Test
    void queryParametersAndAddressesGiveKeys() {
        HashKey query = HashKey.compile(List.of(new HashPolicy.QueryParameter("key")));
        assertThat(query.of(Heads.get("/?a=b&key=one&key=two"), SOURCE, jar)).hasValue(xx("one"));
        assertThat(query.of(Heads.get("/?keys=one"), SOURCE, jar)).isEmpty();
        HashKey ip = HashKey.compile(List.of(new HashPolicy.SourceIp()));
        assertThat(ip.of(Heads.get("/"), SOURCE, jar)).hasValue(xx("127.2.0.1"));
    }

    private static long xx(String s) {
        byte[] b = s.getBytes(StandardCharsets.US_ASCII);
        return XxHash64.hash(b, 0, b.length, 0);
    }

    /** Test vectors of the xxHash specification's reference implementation. */
    @Test
    void xxHash() {
        assertThat(xx("")).isEqualTo(0xEF46DB3751D8E999L);
        assertThat(xx("a")).isEqualTo(0xD24EC4F1A98C6E5BL);
        assertThat(xx("abc")).isEqualTo(0x44BC2CF5AD770999L);
    }

    @Test
    void weightsAreShares() {
        Maglev m = Maglev.build(List.of("a:1", "b:1"), new double[] {1, 3}, Maglev.DEFAULT_SIZE);
        int b = 0;
        for (int i = 0; i < Maglev.DEFAULT_SIZE; i++) {
            b += m.pick(i, 0);
        }
        assertThat(b / (double) Maglev.DEFAULT_SIZE).isBetween(0.74, 0.76);
    }
}
