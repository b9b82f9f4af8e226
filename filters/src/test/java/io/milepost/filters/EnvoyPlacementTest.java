package io.milepost.filters;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cluster.LoadBalancer.Ring;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.RouteAction.HashPolicy;
import io.netty.util.AsciiString;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongToIntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The same key reaches the same endpoint as with Envoy 1.40.0, which was asked with {@code
 * conformance/envoy/record_hash_placement.py}: 100 values of a header for each cluster.
 */
class EnvoyPlacementTest {
    private static final IpAddress SOURCE = IpAddress.parse("127.2.0.1").orElseThrow();
    private static final HashKey KEY = HashKey.compile(List.of(new HashPolicy.Header("x-user")));
    private static final HashKey.CookieJar NO_COOKIES = new HashKey.CookieJar() {
        @Override
        public String connection() {
            return "";
        }

        @Override
        public void setCookie(AsciiString line) {
            throw new AssertionError("a header's hash sets no cookie: " + line);
        }
    };

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            maglev-3       | 1 1 1
            maglev-10      | 1 1 1 1 1 1 1 1 1 1
            maglev-weights | 1 2 3 50
            ring-3         | 1 1 1
            ring-10        | 1 1 1 1 1 1 1 1 1 1
            ring-weights   | 1 2 3 50
            """)
    void everyKeyReachesTheEndpointOfEnvoy(String cluster, String weights) throws IOException {
        double[] shares = Arrays.stream(weights.split(" "))
                .mapToDouble(Double::parseDouble)
                .toArray();
        List<String> endpoints = IntStream.rangeClosed(1, shares.length)
                .mapToObj(n -> "127.0.5." + n + ":9")
                .toList();
        LongToIntFunction placement = placement(cluster, endpoints, shares);
        Map<String, Integer> ours = new LinkedHashMap<>();
        Map<String, Integer> envoy = recorded(cluster);
        envoy.keySet()
                .forEach(key -> ours.put(
                        key,
                        1
                                + placement.applyAsInt(KEY.of(Heads.get("/", "x-user", key), SOURCE, NO_COOKIES)
                                        .orElseThrow())));
        assertThat(envoy).hasSize(100);
        assertThat(ours).isEqualTo(envoy);
    }

    private static LongToIntFunction placement(String cluster, List<String> endpoints, double[] weights) {
        if (cluster.startsWith("maglev")) {
            Maglev maglev = Maglev.build(endpoints, weights, Maglev.DEFAULT_SIZE);
            return key -> maglev.pick(key, 0);
        }
        RingHash ring = RingHash.build(endpoints, weights, new Ring(1024, 8L << 20));
        return key -> ring.pick(key, 0);
    }

    private static Map<String, Integer> recorded(String cluster) throws IOException {
        Map<String, Integer> result = new LinkedHashMap<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(EnvoyPlacementTest.class.getResourceAsStream("hash-placement.tsv")),
                StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] fields = line.split("\t", -1);
                if (fields[0].equals(cluster)) {
                    result.put(fields[1], Integer.valueOf(fields[2]));
                }
            }
        }
        return result;
    }
}
