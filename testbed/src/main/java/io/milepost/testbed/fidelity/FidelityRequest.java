package io.milepost.testbed.fidelity;

import io.milepost.testbed.hbone.HttpHeader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One entry of a case's {@code requests}; the keys are those of the recording tool. */
public record FidelityRequest(Map<String, Object> keys) {
    public String name() {
        return text("name", "");
    }

    boolean has(String key) {
        return keys.containsKey(key);
    }

    /** True for anything but absent, false, zero and empty, as the recording tool asked. */
    boolean on(String key) {
        Object v = keys.get(key);
        return switch (v) {
            case null -> false;
            case Boolean b -> b;
            case Number n -> n.doubleValue() != 0;
            case String s -> !s.isEmpty();
            case List<?> l -> !l.isEmpty();
            case Map<?, ?> m -> !m.isEmpty();
            default -> true;
        };
    }

    String text(String key, String otherwise) {
        Object v = keys.get(key);
        return v == null ? otherwise : Yamls.text(v);
    }

    @Nullable
    String textOrNull(String key) {
        Object v = keys.get(key);
        return v == null ? null : Yamls.text(v);
    }

    int number(String key, int otherwise) {
        return keys.get(key) instanceof Number n ? n.intValue() : otherwise;
    }

    double decimal(String key, double otherwise) {
        return keys.get(key) instanceof Number n ? n.doubleValue() : otherwise;
    }

    Map<String, Object> map(String key) {
        return Yamls.map(keys.get(key));
    }

    /** A map or a list of pairs. */
    List<HttpHeader> headers(String key) {
        List<HttpHeader> out = new ArrayList<>();
        Object v = keys.get(key);
        if (v instanceof Map<?, ?> m) {
            m.forEach((k, x) -> out.add(new HttpHeader(Yamls.text(k), Yamls.text(x))));
        } else {
            for (Object pair : Yamls.list(v)) {
                List<Object> p = Yamls.list(pair);
                out.add(new HttpHeader(Yamls.text(p.get(0)), Yamls.text(p.get(1))));
            }
        }
        return out;
    }

    /** Text, or that many bytes. */
    byte[] body() {
        return keys.get("body") instanceof Number n
                ? "x".repeat(n.intValue()).getBytes(StandardCharsets.US_ASCII)
                : text("body", "").getBytes(StandardCharsets.ISO_8859_1);
    }

    int repeat() {
        return number("repeat", 1);
    }

    /** Does chance decide (part of) the outcome? */
    public boolean random() {
        return has("share") || has("hitshare") || has("anypod");
    }
}
