package io.milepost.config.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.config.kube.authz.AuthorizationTranslator;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever changes, the outcome is that of a translation from nothing; and little is done for little changes. */
class LiveTranslationTest {
    private static LiveTranslation live(GatewayApiMode mode) {
        return new LiveTranslation(builder(mode), Optional.of(Yaml.WAYPOINT));
    }

    private static SnapshotBuilder builder(GatewayApiMode mode) {
        return new SnapshotBuilder(new AuthorizationTranslator(), mode);
    }

    private static KubeObject object(String yaml) {
        return Yaml.parse(yaml).objects().getFirst();
    }

    private static boolean same(KubeObject a, KubeObject b) {
        return a.kind().equals(b.kind()) && a.key().equals(b.key());
    }

    @ParameterizedTest
    @EnumSource(GatewayApiMode.class)
    void randomObjectsInRandomOrder(GatewayApiMode mode) {
        for (long seed = 0; seed < 15; seed++) {
            RandomObjects objects = new RandomObjects(seed);
            Random random = new Random(seed);
            Map<String, KubeObject> now = new LinkedHashMap<>();
            Yaml.parse(Yaml.MESH).objects().forEach(o -> now.put(o.kind() + o.key(), o));
            LiveTranslation live = live(mode);
            live.replace(now.values());
            for (int step = 0; step < 20; step++) {
                List<KubeObject> put = new ArrayList<>();
                List<KubeObject> removed = new ArrayList<>();
                for (int i = random.nextInt(2); i >= 0; i--) {
                    KubeObject o = object(objects.next());
                    put.removeIf(x -> same(x, o));
                    removed.removeIf(x -> same(x, o));
                    if (random.nextInt(4) == 0 && now.remove(o.kind() + o.key()) != null) {
                        removed.add(o);
                    } else {
                        put.add(o);
                        now.put(o.kind() + o.key(), o);
                    }
                }
                SnapshotBuilder.Result changed = live.change(put, removed);
                List<KubeObject> shuffled = new ArrayList<>(now.values());
                Collections.shuffle(shuffled, random);
                SnapshotBuilder.Result fresh =
                        builder(mode).build(new KubeObjects(shuffled), Optional.of(Yaml.WAYPOINT));
                assertThat(changed.snapshot()).as("seed %d step %d", seed, step).isEqualTo(fresh.snapshot());
                assertThat(changed.findings()).as("seed %d step %d", seed, step).isEqualTo(fresh.findings());
            }
        }
    }

    /** One kind changes, the others are there and were drawn at random, too. */
    @ParameterizedTest
    @ValueSource(strings = {"VirtualService", "DestinationRule"})
    void objectsOfOneKindChange(String kind) {
        long little = 0;
        for (long seed = 0; seed < 30; seed++) {
            Random random = new Random(seed);
            RandomObjects routes = new RandomObjects(seed);
            RandomIstioObjects others = new RandomIstioObjects(random);
            Map<String, KubeObject> now = new LinkedHashMap<>();
            Yaml.parse(Yaml.MESH).objects().forEach(o -> now.put(o.kind() + o.key(), o));
            for (int i = 0; i < 8; i++) {
                KubeObject o = object(i < 4 ? routes.next() : others.next());
                now.put(o.kind() + o.key(), o);
            }
            LiveTranslation live = live(GatewayApiMode.ISTIO);
            live.replace(now.values());
            for (int step = 0; step < 12; step++) {
                KubeObject o = object(random.nextInt(8) == 0 ? routes.next() : others.of(kind));
                boolean remove = random.nextInt(3) == 0 && now.remove(o.kind() + o.key()) != null;
                if (!remove) {
                    now.put(o.kind() + o.key(), o);
                }
                long before = live.fullTranslations();
                SnapshotBuilder.Result changed =
                        live.change(remove ? List.of() : List.of(o), remove ? List.of(o) : List.of());
                if (o.kind().equals(kind) && live.fullTranslations() == before) {
                    little++;
                }
                SnapshotBuilder.Result fresh =
                        builder(GatewayApiMode.ISTIO).build(new KubeObjects(now.values()), Optional.of(Yaml.WAYPOINT));
                assertThat(changed.snapshot()).as("seed %d step %d", seed, step).isEqualTo(fresh.snapshot());
                assertThat(changed.findings()).as("seed %d step %d", seed, step).isEqualTo(fresh.findings());
            }
        }
        assertThat(little).as("changes without a full translation").isGreaterThan(50);
    }

    @Test
    void aFieldThatNobodyKnowsIsNeverDroppedInSilence() {
        for (long seed = 0; seed < 200; seed++) {
            String yaml = new RandomObjects(seed).next();
            if (yaml.contains("kind: EndpointSlice") || yaml.contains("kind: AuthorizationPolicy")) {
                continue;
            }
            String marked = yaml.replaceFirst("spec: \\{", "spec: {unheardOf: 1, ");
            KubeObject o = object(marked);
            assertThat(Yaml.build("---\n" + marked).findings()).as(marked).anySatisfy(f -> {
                assertThat(f.source().name()).isEqualTo(o.name());
                assertThat(f.source().field()).startsWith("spec");
            });
        }
    }

    @Test
    void aChangedRouteRenewsItsServicesOnly() {
        LiveTranslation live = live(GatewayApiMode.ISTIO);
        List<KubeObject> all = new ArrayList<>(Yaml.parse(Yaml.MESH).objects());
        var before = live.replace(all).snapshot();
        var after = live.change(
                        List.of(object(Yaml.route("x", "reviews", "[{backendRefs: [{name: ratings, port: 80}]}]"))),
                        List.of())
                .snapshot();
        assertThat(live.fullTranslations()).isEqualTo(1);
        assertThat(Yaml.http(after, "reviews", 80).routes().rules().getFirst().name())
                .isEqualTo("default.x.0");
        assertThat(Yaml.http(after, "ratings", 80)).isSameAs(Yaml.http(before, "ratings", 80));
        assertThat(after.endpoints()).isSameAs(before.endpoints());
    }

    @Test
    void aChangedEndpointRenewsNoRoute() {
        LiveTranslation live = live(GatewayApiMode.ISTIO);
        String slice = """
                {apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s, labels: {kubernetes.io/service-name: reviews}}, ports: [{name: http, port: 80}], endpoints: [{addresses: [10.1.0.1]}%s]}
                """;
        List<KubeObject> all = new ArrayList<>(Yaml.parse(Yaml.MESH).objects());
        all.add(object(slice.formatted("")));
        var before = live.replace(all).snapshot();
        var after = live.change(List.of(object(slice.formatted(", {addresses: [10.1.0.2]}"))), List.of())
                .snapshot();
        assertThat(live.fullTranslations()).isEqualTo(1);
        assertThat(after.httpChains()).isSameAs(before.httpChains());
        assertThat(after.clusters()).isSameAs(before.clusters());
        String name = "inbound-vip|80|http|reviews.default.svc.cluster.local";
        assertThat(Yaml.find(before.endpoints(), name).localities().getFirst().endpoints())
                .hasSize(1);
        assertThat(Yaml.find(after.endpoints(), name).localities().getFirst().endpoints())
                .hasSize(2);
    }

    @Test
    void routesThatDidNotChangeAreNotReadAgain() {
        LiveTranslation live = live(GatewayApiMode.ISTIO);
        List<KubeObject> all = new ArrayList<>(Yaml.parse(Yaml.MESH).objects());
        all.add(object(Yaml.route("x", "reviews", "[{backendRefs: [{name: ratings, port: 80}]}]")));
        var before = live.replace(all).snapshot();
        all.add(object("{apiVersion: v1, kind: Service, metadata: {name: more}, spec: {ports: [{port: 80}]}}"));
        var after = live.update(all).snapshot();
        assertThat(live.fullTranslations()).isEqualTo(2);
        assertThat(Yaml.http(after, "reviews", 80)).isEqualTo(Yaml.http(before, "reviews", 80));
        assertThat(live.update(all).snapshot()).as("nothing changed").isSameAs(after);
    }
}
