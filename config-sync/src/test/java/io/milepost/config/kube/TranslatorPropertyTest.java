package io.milepost.config.kube;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.milepost.config.kube.authz.AuthorizationTranslator;
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
            String text = random.nextInt(3) == 0 ? gateway.next() : istio.next();
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
                        "Service");
    }

    /** However deep an unknown field stands: something is said of its object. */
    @Test
    void unknownFieldsAreNeverDroppedInSilence() {
        for (long seed = 0; seed < 400; seed++) {
            Random random = new Random(seed);
            RandomIstioObjects istio = new RandomIstioObjects(random);
            KubeObject o = object(random.nextBoolean() ? new RandomObjects(seed).next() : istio.next());
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
}
