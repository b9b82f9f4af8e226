package io.milepost.testbed.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** One file of tests; README.md beside the files explains the keys. */
public final class ConformanceTable {
    static final ObjectMapper YAML = new ObjectMapper(
            YAMLFactory.builder().disable(YAMLGenerator.Feature.SPLIT_LINES).build());
    private static final String NAMESPACE = "gateway-conformance-mesh";

    private ConformanceTable() {}

    /**
     * A conformance test.
     *
     * @param name its upstream name
     * @param profile the conformance profile it belongs to
     * @param core whether every implementation of the profile must pass it
     * @param features what it needs beyond the core of its profile
     * @param objects the YAML to apply
     * @param requests keys as README.md says
     */
    public record Test(
            String name, String profile, boolean core, List<String> features, String objects, List<JsonNode> requests) {
        public Test {
            features = List.copyOf(features);
            requests = List.copyOf(requests);
        }
    }

    /** All tests of a file. */
    public static List<Test> load(Path file) throws IOException {
        // SnakeYAML resolves the anchors by which tests share tables, Jackson's reader does not.
        Object tree = new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(file));
        List<Test> out = new ArrayList<>();
        for (JsonNode t : YAML.<JsonNode>valueToTree(tree)) {
            List<String> features = new ArrayList<>();
            t.path("features").forEach(f -> features.add(f.asText()));
            List<JsonNode> requests = new ArrayList<>();
            t.path("requests").forEach(requests::add);
            out.add(new Test(
                    t.path("test").asText(),
                    t.path("profile").asText("MESH-HTTP"),
                    t.path("core").asBoolean(false),
                    features,
                    objects(t.path("objects").asText("")),
                    requests));
        }
        return out;
    }

    /** A test of YAML documents alone; they may leave out the API version and the namespace, as in the tables. */
    public static Test own(String documents) throws IOException {
        String objects = documents.endsWith("---\n") ? documents.substring(0, documents.length() - 4) : documents;
        return new Test("Own", "MESH-HTTP", false, List.of(), objects(objects), List.of());
    }

    /** Fills in the API version and the namespace, which the tables leave out. */
    private static String objects(String text) throws IOException {
        StringBuilder out = new StringBuilder();
        try (MappingIterator<ObjectNode> all = YAML.readerFor(ObjectNode.class).readValues(text)) {
            while (all.hasNext()) {
                ObjectNode o = all.next();
                if (!o.has("apiVersion")) {
                    o.put("apiVersion", "gateway.networking.k8s.io/v1");
                }
                ObjectNode metadata = o.withObject("/metadata");
                if (!metadata.has("namespace")) {
                    metadata.put("namespace", NAMESPACE);
                }
                out.append(YAML.writeValueAsString(o)).append('\n');
            }
        }
        return out.toString();
    }
}
