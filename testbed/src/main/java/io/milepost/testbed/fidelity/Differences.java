package io.milepost.testbed.fidelity;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** conformance/fidelity/differences.yaml: what we do better than Envoy on purpose, with our own expected answers. */
public final class Differences {
    private final Map<String, JsonNode> expected = new LinkedHashMap<>();

    private Differences() {}

    public static Differences load(Path directory) throws IOException {
        Differences d = new Differences();
        Path file = directory.resolve("differences.yaml");
        for (Object entry : Yamls.list(Yamls.load(Files.readString(file)))) {
            Map<String, Object> e = Yamls.map(entry);
            String key = key(Yamls.text(e.get("case")), Yamls.text(e.get("request")));
            if (e.get("reason") == null || !(e.get("expect") instanceof Map<?, ?> expect)) {
                throw new IOException(file + ": " + key + " needs a reason and what to expect");
            }
            d.expected.put(key, RequestPlayer.JSON.valueToTree(expect));
        }
        return d;
    }

    public Set<String> keys() {
        return expected.keySet();
    }

    JsonNode expected(String name, String request) {
        JsonNode e = expected.get(key(name, request));
        if (e == null) {
            throw new IllegalStateException(
                    "differences.yaml says nothing about " + key(name, request) + ", which is marked as better");
        }
        return e;
    }

    public static String key(String name, String request) {
        return name + " | " + request;
    }
}
