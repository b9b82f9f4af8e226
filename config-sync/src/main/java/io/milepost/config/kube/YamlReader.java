package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.milepost.mesh.SourceRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.NodeId;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.representer.Representer;
import org.yaml.snakeyaml.resolver.Resolver;

/** Reads multi-document YAML; a list object ({@code kind: List}) counts as its items. */
public final class YamlReader {
    private static final ObjectMapper JSON = new ObjectMapper();

    private YamlReader() {}

    /** Anchors are resolved here: Jackson's tree reader would leave the names of aliases. */
    private static Yaml yaml() {
        LoaderOptions o = new LoaderOptions();
        o.setAllowDuplicateKeys(false);
        o.setMaxAliasesForCollections(50);
        o.setNestingDepthLimit(100);
        o.setCodePointLimit(64 * 1024 * 1024);
        DumperOptions d = new DumperOptions();
        return new Yaml(new SafeConstructor(o), new Representer(d), d, o, new Texts());
    }

    /** Timestamps stay the texts that they are in JSON. */
    private static final class Texts extends Resolver {
        /** The longest of those that begin with a letter and are no text: false. */
        private static final int WORD = 5;

        /** Without asking expressions about names, which are most of what is written. */
        @Override
        public Tag resolve(NodeId kind, String value, boolean implicit) {
            return kind == NodeId.scalar && implicit && value.length() > WORD && Character.isLetter(value.charAt(0))
                    ? Tag.STR
                    : super.resolve(kind, value, implicit);
        }

        @Override
        public void addImplicitResolver(Tag tag, Pattern regexp, String first, int limit) {
            if (!tag.equals(Tag.TIMESTAMP)) {
                super.addImplicitResolver(tag, regexp, first, limit);
            }
        }
    }

    /** Complaints go to the report as errors; what could be read is returned. */
    public static List<KubeObject> read(String text, String origin, Report report) {
        List<KubeObject> out = new ArrayList<>();
        int document = 0;
        try {
            for (Object value : yaml().loadAll(text)) {
                document++;
                add(JsonTrees.of(value), origin, document, report, out);
            }
        } catch (YAMLException | IllegalArgumentException e) {
            report.add(Finding.error(
                    new SourceRef("File", "", origin, "document " + (document + 1)),
                    "is no valid YAML: " + where(e) + "; mend the text, the last good configuration stays in force"));
        }
        return out;
    }

    /** A single document that is embedded in an object, such as the mesh config. */
    static JsonNode tree(String text, SourceRef source, Report report) {
        if (text.isBlank()) {
            return JSON.createObjectNode();
        }
        try {
            JsonNode n = JsonTrees.of(yaml().load(text));
            if (n.isObject()) {
                return n;
            }
            report.add(Finding.error(source, "must be a YAML map"));
        } catch (YAMLException | IllegalArgumentException e) {
            report.add(Finding.error(source, "is no valid YAML: " + where(e) + "; mend the text"));
        }
        return JSON.createObjectNode();
    }

    /** An object whose spec is the given tree. */
    static JsonNode under(JsonNode spec) {
        return JSON.createObjectNode().set("spec", spec);
    }

    private static String where(RuntimeException e) {
        if (e instanceof MarkedYAMLException m && m.getProblemMark() != null) {
            return "line " + (m.getProblemMark().getLine() + 1) + " column "
                    + (m.getProblemMark().getColumn() + 1) + ": " + m.getProblem();
        }
        return String.valueOf(e.getMessage());
    }

    private static void add(JsonNode root, String origin, int document, Report report, List<KubeObject> out) {
        if (root.isNull()
                || root.isMissingNode()
                || root.isTextual() && root.asText().isBlank()) {
            return;
        }
        SourceRef at = new SourceRef("File", "", origin, "document " + document);
        if (!root.isObject()) {
            report.add(
                    Finding.error(at, "is no Kubernetes object: it has to begin with apiVersion, kind and metadata"));
            return;
        }
        String kind = root.path("kind").asText("");
        if (kind.equals("List") && root.path("items").isArray()) {
            root.path("items").forEach(item -> add(item, origin, document, report, out));
            return;
        }
        JsonNode meta = root.path("metadata");
        String name = meta.path("name").asText("");
        if (kind.isEmpty() || name.isEmpty()) {
            report.add(Finding.error(
                    at, (kind.isEmpty() ? "kind" : "metadata.name of a " + kind) + " is missing: write it down"));
            return;
        }
        String apiVersion = root.path("apiVersion").asText("");
        String namespace = switch (kind) {
            case "Namespace", "Node", "GatewayClass" -> "";
            default -> meta.path("namespace").asText("default");
        };
        JsonNode withDefaults = GatewayDefaults.apply(apiVersion, kind, root);
        out.add(new KubeObject(
                apiVersion,
                kind,
                namespace,
                name,
                meta.path("uid").asText(""),
                meta.path("creationTimestamp").asText(""),
                texts(meta.path("labels")),
                texts(meta.path("annotations")),
                withDefaults,
                origin + " document " + document));
    }

    private static Map<String, String> texts(JsonNode n) {
        Map<String, String> out = new TreeMap<>();
        n.properties()
                .forEach(e -> out.put(
                        e.getKey(), e.getValue().isNull() ? "" : e.getValue().asText()));
        return out;
    }
}
