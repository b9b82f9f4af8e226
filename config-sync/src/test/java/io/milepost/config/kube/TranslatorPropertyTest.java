package io.milepost.config.kube;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.milepost.config.kube.authz.AuthorizationTranslator;
import io.milepost.mesh.MeshSnapshot;
import io.milepost.mesh.SourceRef;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random objects of all kinds, valid, broken in one place, or odd: never an exception, never a silent drop; equal input
 * gives equal output, however it is spread over files.
 */
class TranslatorPropertyTest {
    private static final int MESHES = 25;
    private static final int OBJECTS = 25;
    private static final int SILENT_MESHES = 8;

    /** What a waypoint's users write for it; of Secrets, Pods and the like nobody expects an answer. */
    private static final Set<String> OF_THE_MESH = Set.of(
            "HTTPRoute",
            "GRPCRoute",
            "TCPRoute",
            "TLSRoute",
            "UDPRoute",
            "BackendTLSPolicy",
            "XBackendTrafficPolicy",
            "VirtualService",
            "DestinationRule",
            "ServiceEntry",
            "WorkloadEntry",
            "AuthorizationPolicy",
            "Telemetry",
            "PeerAuthentication",
            "Sidecar",
            "EnvoyFilter",
            "ProxyConfig",
            "WasmPlugin",
            "Gateway",
            "WorkloadGroup");

    private static SnapshotBuilder builder(GatewayApiMode mode) {
        return new SnapshotBuilder(new AuthorizationTranslator(), mode);
    }

    private static KubeObject object(String yaml) {
        ObjectFiles.Parsed parsed = Yaml.parse(yaml);
        assertThat(parsed.objects()).as(yaml + parsed.findings()).isNotEmpty();
        return parsed.objects().getFirst();
    }

    /** Texts of objects, each name once; every third is broken somewhere. */
    private static List<String> texts(long seed) {
        Random random = new Random(seed);
        RandomObjects gateway = new RandomObjects(seed);
        RandomIstioObjects istio = new RandomIstioObjects(random);
        Map<String, String> out = new LinkedHashMap<>();
        for (int i = 0; i < OBJECTS; i++) {
            String text = switch (random.nextInt(12)) {
                case 0 -> istio.withoutMeaning();
                case 1, 2, 3, 4 -> gateway.next();
                default -> istio.next();
            };
            KubeObject o = object(text);
            out.put(
                    o.kind() + o.key(),
                    random.nextInt(3) == 0 ? named(BrokenTree.replaced(o.root(), random), text) : text);
        }
        return List.copyOf(out.values());
    }

    /** A broken name would make another object of it, or one that is written twice. */
    private static String named(String broken, String text) {
        ObjectFiles.Parsed parsed = Yaml.parse(broken);
        return parsed.objects().isEmpty()
                        || !parsed.objects()
                                .getFirst()
                                .key()
                                .equals(object(text).key())
                ? text
                : broken;
    }

    private static ObjectFiles.Parsed spread(List<String> texts, Random random) {
        List<String> all = new ArrayList<>(texts);
        Collections.shuffle(all, random);
        Map<String, String> files = new HashMap<>();
        for (String t : all) {
            files.merge("f" + random.nextInt(7) + ".yaml", t, (a, b) -> a + "\n---\n" + b);
        }
        return new ObjectFiles.Content(files, List.of()).parse();
    }

    @ParameterizedTest
    @EnumSource(GatewayApiMode.class)
    void anyObjectsInAnyFiles(GatewayApiMode mode) {
        Set<String> kinds = new TreeSet<>();
        for (long seed = 0; seed < MESHES; seed++) {
            List<String> texts = new ArrayList<>(texts(seed));
            for (KubeObject o : Yaml.parse(Yaml.MESH).objects()) {
                texts.add(o.root().toString());
            }
            Random random = new Random(seed);
            SnapshotBuilder.Result first = null;
            for (int order = 0; order < 3; order++) {
                ObjectFiles.Parsed parsed = spread(texts, random);
                parsed.objects().forEach(o -> kinds.add(o.kind()));
                KubeObjects objects = new KubeObjects(parsed.objects());
                try {
                    SnapshotBuilder.Result r = builder(mode).build(objects, Optional.of(Yaml.WAYPOINT));
                    builder(mode).build(objects, Optional.empty());
                    if (first == null) {
                        first = r;
                        builder(mode).analyze(objects, Yaml.WAYPOINT);
                    }
                    assertThat(r.snapshot()).as("seed %d", seed).isEqualTo(first.snapshot());
                    assertThat(r.findings()).as("seed %d", seed).isEqualTo(first.findings());
                } catch (RuntimeException e) {
                    fail("seed " + seed + ":\n" + String.join("\n---\n", texts), e);
                }
            }
        }
        assertThat(kinds)
                .contains(
                        "HTTPRoute",
                        "GRPCRoute",
                        "TCPRoute",
                        "TLSRoute",
                        "VirtualService",
                        "DestinationRule",
                        "ServiceEntry",
                        "WorkloadEntry",
                        "AuthorizationPolicy",
                        "Telemetry",
                        "BackendTLSPolicy",
                        "XBackendTrafficPolicy",
                        "EndpointSlice",
                        "ReferenceGrant",
                        "Secret",
                        "Service",
                        "Sidecar",
                        "PeerAuthentication",
                        "EnvoyFilter",
                        "ProxyConfig",
                        "WasmPlugin",
                        "WorkloadGroup");
    }

    /** However deep an unknown field stands: something is said of its object. */
    @Test
    void unknownFieldsAreNeverDroppedInSilence() {
        for (long seed = 0; seed < 400; seed++) {
            Random random = new Random(seed);
            RandomIstioObjects istio = new RandomIstioObjects(random);
            KubeObject o = object(
                    switch (random.nextInt(5)) {
                        case 0 -> istio.withoutMeaning();
                        case 1, 2 -> new RandomObjects(seed).next();
                        default -> istio.next();
                    });
            if (!o.root().has("spec") || o.kind().equals("AuthorizationPolicy")) {
                continue;
            }
            String marked = BrokenTree.marked(o.root(), random);
            assertThat(Yaml.build("---\n" + marked).findings())
                    .as(marked)
                    .anyMatch(f -> f.source().name().equals(o.name())
                            && f.source().kind().equals(o.kind()));
        }
    }

    /**
     * Never a silent drop: without an object something else is served, or something was said of it: a finding, or a
     * condition that is not met.
     */
    @ParameterizedTest
    @EnumSource(GatewayApiMode.class)
    void anObjectHasAnEffectOrIsSpokenOf(GatewayApiMode mode) {
        Set<String> effective = new TreeSet<>();
        Set<String> spokenOf = new TreeSet<>();
        for (long seed = 100; seed < 100 + SILENT_MESHES; seed++) {
            List<String> texts = new ArrayList<>(texts(seed));
            RandomObjects plain = new RandomObjects(seed);
            for (int i = 0; i < 4; i++) {
                texts.add(plain.plain());
            }
            List<KubeObject> base = Yaml.parse(Yaml.MESH).objects();
            List<KubeObject> all = new ArrayList<>(base);
            all.addAll(Yaml.parse(String.join("\n---\n", texts)).objects());
            SnapshotBuilder.Analyzed whole = builder(mode).analyze(new KubeObjects(all), Yaml.WAYPOINT);
            for (KubeObject o : all.subList(base.size(), all.size())) {
                if (!OF_THE_MESH.contains(o.kind())) {
                    continue;
                }
                if (whole.result().findings().stream().anyMatch(f -> isOf(f.source(), o))
                        || whole.statuses().stream()
                                .filter(s -> isOf(s.object(), o))
                                .flatMap(s -> s.parents().stream())
                                .flatMap(p -> p.conditions().stream())
                                .anyMatch(c -> !c.status())) {
                    spokenOf.add(o.kind());
                    continue;
                }
                List<KubeObject> others = new ArrayList<>(all);
                others.remove(o);
                MeshSnapshot without = builder(mode)
                        .build(new KubeObjects(others), Optional.of(Yaml.WAYPOINT))
                        .snapshot();
                assertThat(without)
                        .as("seed %d, without %s:%n%s", seed, o.ref(), String.join("\n---\n", texts))
                        .isNotEqualTo(whole.result().snapshot());
                effective.add(o.kind());
            }
        }
        assertThat(effective).contains("HTTPRoute", "GRPCRoute", "VirtualService", "DestinationRule", "ServiceEntry");
        assertThat(spokenOf).containsAll(OF_THE_MESH);
    }

    private static boolean isOf(SourceRef s, KubeObject o) {
        return s.kind().equals(o.kind())
                && s.namespace().equals(o.namespace())
                && s.name().equals(o.name());
    }
}
