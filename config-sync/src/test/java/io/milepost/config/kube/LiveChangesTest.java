package io.milepost.config.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.config.kube.authz.AuthorizationTranslator;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Sequences of random changes of all kinds: after each of them the outcome is that of a translation from nothing, for a
 * waypoint and for a ztunnel; and most changes of the kinds that change most need no full translation.
 */
class LiveChangesTest {
    /** What is there, and both ways to translate it. */
    private static final class World {
        private final Optional<GatewayRef> waypoint;
        private final Map<String, KubeObject> now = new LinkedHashMap<>();
        private final LiveTranslation live;

        World(Optional<GatewayRef> waypoint) {
            this.waypoint = waypoint;
            this.live = new LiveTranslation(builder(), waypoint);
            Yaml.parse(Yaml.MESH).objects().forEach(this::put);
        }

        private static SnapshotBuilder builder() {
            return new SnapshotBuilder(new AuthorizationTranslator());
        }

        private void put(KubeObject o) {
            now.put(o.kind() + o.key(), o);
        }

        void begin() {
            live.replace(now.values());
        }

        /** True when it was done without a full translation. */
        boolean change(List<KubeObject> objects, Random random, String title) {
            List<KubeObject> put = new ArrayList<>();
            List<KubeObject> removed = new ArrayList<>();
            for (KubeObject o : objects) {
                put.removeIf(x -> same(x, o));
                if (removed.stream().anyMatch(x -> same(x, o))) {
                    continue;
                }
                if (random.nextInt(4) == 0 && now.remove(o.kind() + o.key()) != null) {
                    removed.add(o);
                } else {
                    put.add(o);
                    put(o);
                }
            }
            long before = live.fullTranslations();
            SnapshotBuilder.Result changed = live.change(put, removed);
            SnapshotBuilder.Result fresh = builder().build(new KubeObjects(now.values()), waypoint);
            String what = title + " put " + put + " removed " + removed;
            assertThat(changed.snapshot()).as(what).isEqualTo(fresh.snapshot());
            assertThat(changed.findings()).as(what).isEqualTo(fresh.findings());
            return live.fullTranslations() == before;
        }

        private static boolean same(KubeObject a, KubeObject b) {
            return a.kind().equals(b.kind()) && a.key().equals(b.key());
        }
    }

    private static final Random NEVER_REMOVED = new Random() {
        @Override
        public int nextInt(int bound) {
            return 1;
        }
    };

    private static KubeObject object(String yaml) {
        return Yaml.parse(yaml).objects().getFirst();
    }

    @ParameterizedTest
    @CsvSource({
        "AuthorizationPolicy, 100",
        "RequestAuthentication, 100",
        "Telemetry, 100",
        "Pod, 30",
        "WorkloadEntry, 60",
        "Service, 20",
        "ServiceEntry, 10",
        "EndpointSlice, 60",
        "PeerAuthentication, 100"
    })
    void objectsOfOneKindChange(String kind, int percent) {
        int little = 0;
        int all = 0;
        for (long seed = 0; seed < 10; seed++) {
            Random random = new Random(seed);
            RandomObjects routes = new RandomObjects(seed);
            RandomIstioObjects rules = new RandomIstioObjects(random);
            RandomPopulation population = new RandomPopulation(random);
            World world = new World(seed % 5 == 4 ? Optional.empty() : Optional.of(Yaml.WAYPOINT));
            for (int i = 0; i < 6; i++) {
                world.put(object(routes.next()));
                world.put(object(rules.next()));
                world.put(object(population.next()));
            }
            world.begin();
            for (int step = 0; step < 15; step++) {
                all++;
                if (world.change(List.of(object(population.of(kind))), random, "seed " + seed + " step " + step)) {
                    little++;
                }
            }
        }
        assertThat(100 * little / all).as("percent without a full translation").isGreaterThanOrEqualTo(percent);
    }

    /** Chains are named by host and port: what is attached to one entry must not end up on the chain of the other. */
    @ParameterizedTest
    @CsvSource({
        "HTTP, TLS, AuthorizationPolicy",
        "TLS, HTTP, AuthorizationPolicy",
        "HTTP, HTTP, AuthorizationPolicy",
        "HTTP, TLS, Telemetry",
        "TLS, HTTP, Telemetry",
        "HTTP, HTTP, Telemetry",
        "TLS, HTTP, HTTPRoute",
        "HTTP, HTTP, HTTPRoute"
    })
    void servicesThatShareAHostKeepWhatIsTheirs(String first, String second, String kind) {
        World world = new World(Optional.of(Yaml.WAYPOINT));
        world.put(object(entry("one", first)));
        world.put(object(entry("two", second)));
        world.begin();
        for (String target : List.of("one", "two")) {
            world.change(List.of(object(attached(kind, target))), NEVER_REMOVED, kind + " of " + target);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "10.244.9.9                                 | 10.244.9.8                              | true",
                "'endpoints: [{address: 10.244.9.9}]'       | 'workloadSelector: {labels: {app: vm}}'  | true",
                "'endpoints: [{address: 10.244.9.9}]'       | ''                                      | true",
                "address: 10.244.9.9                        | 'address: 10.244.9.9, weight: 7'        | true",
                "'protocol: HTTP'                           | 'protocol: HTTP, targetPort: 8080'      | true",
                "10.96.9.9                                  | 10.96.9.10                              | true",
                "'resolution: STATIC'                       | 'resolution: DNS'                       | false",
                "number: 80                                 | number: 81                              | false",
                "ext.example                                | other.example                           | false",
                "': waypoint}'                              | ': gone}'                               | false"
            })
    void aServiceEntryChanges(String from, String to, boolean little) {
        World world = new World(Optional.of(Yaml.WAYPOINT));
        String before = entry("one", "HTTP");
        world.put(object(before));
        world.put(object(attached("AuthorizationPolicy", "one")));
        world.put(object(attached("HTTPRoute", "one")));
        world.begin();
        String after = before.replace(from, to);
        assertThat(after).isNotEqualTo(before);
        assertThat(world.change(List.of(object(after)), NEVER_REMOVED, from)).isEqualTo(little);
        assertThat(world.change(List.of(object(before)), NEVER_REMOVED, to)).isEqualTo(little);
    }

    /** The older one is looked at again, because its effect may depend on the other. */
    @Test
    void fieldsWithoutEffectOfTheOlderTelemetryAreStillSpokenOf() {
        World world = new World(Optional.of(Yaml.WAYPOINT));
        world.put(object(wide("t0", "tracing: [{disableSpanReporting: true}]")));
        world.begin();
        assertThat(world.change(List.of(object(wide("t1", "accessLogging: [{disabled: true}]"))), NEVER_REMOVED, "t1"))
                .isTrue();
    }

    private static String wide(String name, String spec) {
        return """
                apiVersion: telemetry.istio.io/v1
                kind: Telemetry
                metadata: {name: %s, namespace: default}
                spec:
                  %s
                """.formatted(name, spec);
    }

    private static String entry(String name, String protocol) {
        return """
                apiVersion: networking.istio.io/v1
                kind: ServiceEntry
                metadata: {name: %s, namespace: default, labels: {istio.io/use-waypoint: waypoint}}
                spec:
                  hosts: [ext.example]
                  addresses: [10.96.9.9]
                  resolution: STATIC
                  ports: [{number: 80, name: p, protocol: %s}]
                  endpoints: [{address: 10.244.9.9}]
                """.formatted(name, protocol);
    }

    private static String attached(String kind, String entry) {
        String target = "{group: networking.istio.io, kind: ServiceEntry, name: " + entry + "}";
        return switch (kind) {
            case "AuthorizationPolicy" -> """
                    apiVersion: security.istio.io/v1
                    kind: AuthorizationPolicy
                    metadata: {name: p-%s, namespace: default}
                    spec: {targetRefs: [%s], rules: [{from: [{source: {principals: [cluster.local/ns/%s/sa/x]}}]}]}
                    """.formatted(entry, target, entry);
            case "Telemetry" -> """
                    apiVersion: telemetry.istio.io/v1
                    kind: Telemetry
                    metadata: {name: t-%s, namespace: default}
                    spec: {targetRefs: [%s], accessLogging: [{disabled: true}]}
                    """.formatted(entry, target);
            default -> """
                    apiVersion: gateway.networking.k8s.io/v1
                    kind: HTTPRoute
                    metadata: {name: r-%s, namespace: default}
                    spec: {parentRefs: [%s], rules: [{timeouts: {request: 3s}}]}
                    """.formatted(entry, target);
        };
    }

    @Test
    void objectsOfAllKindsChangeTogether() {
        int little = 0;
        for (long seed = 0; seed < 24; seed++) {
            Random random = new Random(seed);
            RandomObjects routes = new RandomObjects(seed);
            RandomIstioObjects rules = new RandomIstioObjects(random);
            RandomPopulation population = new RandomPopulation(random);
            List<Supplier<String>> sources =
                    List.of(routes::next, rules::next, population::next, population::next, population::next);
            World world = new World(seed % 8 == 7 ? Optional.empty() : Optional.of(Yaml.WAYPOINT));
            world.begin();
            for (int step = 0; step < 20; step++) {
                List<KubeObject> objects = new ArrayList<>();
                for (int i = random.nextInt(3); i >= 0; i--) {
                    objects.add(
                            object(sources.get(random.nextInt(sources.size())).get()));
                }
                if (world.change(objects, random, "seed " + seed + " step " + step)) {
                    little++;
                }
            }
        }
        assertThat(little).as("changes without a full translation").isGreaterThan(100);
    }
}
