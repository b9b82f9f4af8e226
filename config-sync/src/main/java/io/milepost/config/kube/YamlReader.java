package io.milepost.config.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.milepost.mesh.SourceRef;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.yaml.snakeyaml.LoaderOptions;

/** Reads multi-document YAML; a list object ({@code kind: List}) counts as its items. */
public final class YamlReader {
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .loaderOptions(limits())
            .build());

    private YamlReader() {}

    private static LoaderOptions limits() {
        LoaderOptions o = new LoaderOptions();
        o.setAllowDuplicateKeys(false);
        o.setMaxAliasesForCollections(50);
        o.setNestingDepthLimit(100);
        o.setCodePointLimit(64 * 1024 * 1024);
        return o;
    }

    /** Complaints go to the report as errors; what could be read is returned. */
    public static List<KubeObject> read(String text, String origin, Report report) {
        List<KubeObject> out = new ArrayList<>();
        int document = 0;
        try (MappingIterator<JsonNode> docs = YAML.readerFor(JsonNode.class).readValues(text)) {
            while (docs.hasNextValue()) {
                document++;
                add(docs.nextValue(), origin, document, report, out);
            }
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " line " + e.getLocation().getLineNr() + " column "
                            + e.getLocation().getColumnNr();
            report.add(Finding.error(
                    new SourceRef("File", "", origin, "document " + (document + 1)),
                    "is no valid YAML:" + where + ": " + firstLine(e.getOriginalMessage())
                            + "; mend the text, the last good configuration stays in force"));
        } catch (IOException e) {
            report.add(Finding.error(new SourceRef("File", "", origin, ""), "cannot be read: " + e.getMessage()));
        }
        return out;
    }

    /** A single document that is embedded in an object, such as the mesh config. */
    static JsonNode tree(String text, SourceRef source, Report report) {
        if (text.isBlank()) {
            return YAML.createObjectNode();
        }
        try {
            JsonNode n = YAML.readTree(text);
            if (n.isObject()) {
                return n;
            }
            report.add(Finding.error(source, "must be a YAML map"));
        } catch (JsonProcessingException e) {
            report.add(Finding.error(
                    source, "is no valid YAML: " + firstLine(e.getOriginalMessage()) + "; mend the text"));
        }
        return YAML.createObjectNode();
    }

    /** An object whose spec is the given tree. */
    static JsonNode under(JsonNode spec) {
        return YAML.createObjectNode().set("spec", spec);
    }

    private static String firstLine(String s) {
        int n = s.indexOf('\n');
        return n < 0 ? s : s.substring(0, n);
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
