package io.milepost.config.xds;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.util.Locale;
import java.util.Map;

/**
 * Recorded JSON to protobuf messages.
 *
 * <p>Extensions of a type that is not known here are carried as {@code TypedStruct}, so that their name survives and
 * the reader can decide what an unknown extension means. The same happens to security filters with a field that is not
 * known here: a dropped field could widen what is allowed.
 */
final class XdsJson {
    static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String TYPE = "@type";
    /** The model has no tracing; its newer tags would make every connection manager look unknown. */
    private static final String TRACING = "tracing";

    private static final String TYPED_STRUCT = "type.googleapis.com/udpa.type.v1.TypedStruct";

    private final JsonFormat.Parser strict = JsonFormat.parser().usingTypeRegistry(XdsTypes.REGISTRY);
    private final JsonFormat.Parser lenient = strict.ignoringUnknownFields();
    private final Findings findings;

    XdsJson(Findings findings) {
        this.findings = findings;
    }

    /** Fills the builder; unknown fields outside security filters are reported and left out. */
    <B extends Message.Builder> B parse(String where, JsonNode resource, B into) throws InvalidProtocolBufferException {
        JsonNode prepared = wrapUnknown(where, resource, true);
        if (prepared instanceof ObjectNode o) {
            o.remove(TYPE);
        }
        String text = text(prepared);
        try {
            strict.merge(text, into);
        } catch (InvalidProtocolBufferException e) {
            findings.add(
                    where,
                    "a field is not known here and is left out (" + e.getMessage()
                            + "); a newer version of Milepost may know it");
            into.clear();
            lenient.merge(text, into);
        }
        return into;
    }

    /** A copy in which every extension that cannot be parsed is a TypedStruct. */
    private JsonNode wrapUnknown(String where, JsonNode node, boolean top) {
        if (node.isArray()) {
            ArrayNode copy = MAPPER.createArrayNode();
            for (JsonNode n : node) {
                copy.add(wrapUnknown(where, n, false));
            }
            return copy;
        }
        if (!node.isObject()) {
            return node;
        }
        String type = node.path(TYPE).asText("");
        if (!top && type.equals(TYPED_STRUCT)) {
            return node;
        }
        ObjectNode copy = MAPPER.createObjectNode();
        for (Map.Entry<String, JsonNode> e : node.properties()) {
            if (!e.getKey().equals(TRACING) || !type.endsWith(".HttpConnectionManager")) {
                copy.set(e.getKey(), wrapUnknown(where, e.getValue(), false));
            }
        }
        if (top || type.isEmpty()) {
            return copy;
        }
        var descriptor = XdsTypes.REGISTRY.find(type.substring(type.lastIndexOf('/') + 1));
        if (descriptor == null) {
            findings.add(where, "the extension " + type + " is not known here");
            return typedStruct(type, copy);
        }
        return isSecurity(type) && !parsesStrictly(where, type, copy) ? typedStruct(type, copy) : copy;
    }

    private boolean parsesStrictly(String where, String type, JsonNode node) {
        try {
            strict.merge(text(node), com.google.protobuf.Any.newBuilder());
            return true;
        } catch (InvalidProtocolBufferException e) {
            findings.add(
                    where,
                    "the security filter " + type + " has a field that is not known here (" + e.getMessage()
                            + "): its chain denies; remove the field or upgrade Milepost");
            return false;
        }
    }

    private static JsonNode typedStruct(String type, ObjectNode content) {
        ObjectNode value = content.deepCopy();
        value.remove(TYPE);
        ObjectNode wrapped = MAPPER.createObjectNode();
        wrapped.put(TYPE, TYPED_STRUCT);
        wrapped.put("type_url", type);
        wrapped.set("value", value);
        return wrapped;
    }

    static boolean isSecurity(String type) {
        String t = type.toLowerCase(Locale.ROOT);
        return t.contains("rbac") || t.contains("authz") || t.contains("authn");
    }

    private static String text(JsonNode node) {
        try {
            return MAPPER.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a JSON tree could not be written", e);
        }
    }
}
