package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.mesh.SourceRef;
import java.util.Map;

/**
 * One object as its author wrote it (plus the defaults of its CRD).
 *
 * @param apiVersion for example {@code networking.istio.io/v1}
 * @param namespace empty for cluster-scoped objects
 * @param created RFC 3339 text of metadata.creationTimestamp; empty when absent, which sorts first
 * @param root the whole object; must not be changed
 * @param origin file and line for messages
 */
public record KubeObject(
        String apiVersion,
        String kind,
        String namespace,
        String name,
        String uid,
        String created,
        Map<String, String> labels,
        Map<String, String> annotations,
        JsonNode root,
        String origin) {
    public KubeObject {
        labels = Map.copyOf(labels);
        annotations = Map.copyOf(annotations);
    }

    /** {@code networking.istio.io}; empty for the core group. */
    public String group() {
        int slash = apiVersion.indexOf('/');
        return slash < 0 ? "" : apiVersion.substring(0, slash);
    }

    /** {@code namespace/name}. */
    public String key() {
        return namespace + "/" + name;
    }

    /** The spec; a missing node when there is none. */
    public JsonNode spec() {
        return root.path("spec");
    }

    public SourceRef ref() {
        return new SourceRef(kind, namespace, name, "");
    }

    public SourceRef ref(String field) {
        return new SourceRef(kind, namespace, name, field);
    }

    public String label(String key) {
        return labels.getOrDefault(key, "");
    }
}
