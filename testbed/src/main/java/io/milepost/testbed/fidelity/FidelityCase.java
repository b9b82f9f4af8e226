package io.milepost.testbed.fidelity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A recorded case.
 *
 * @param name file name without its ending
 * @param keys the case's YAML
 * @param hbone do the application pods speak HBONE
 * @param wanted what the real thing did, one per request
 */
public record FidelityCase(
        String name, Map<String, Object> keys, boolean hbone, List<FidelityRequest> requests, List<JsonNode> wanted) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** All cases of a directory by name; with {@code hboneRun} those that say nothing about hbone, with pods that speak it. */
    public static List<FidelityCase> loadAll(Path directory, boolean hboneRun) throws IOException {
        List<FidelityCase> out = new ArrayList<>();
        List<Path> files;
        try (Stream<Path> list = Files.list(directory)) {
            files = list.filter(p -> Files.exists(p.resolveSibling(expected(p))))
                    .sorted()
                    .toList();
        }
        for (Path file : files) {
            FidelityCase c = load(file, hboneRun);
            if (!hboneRun || !c.keys.containsKey("hbone")) {
                out.add(c);
            }
        }
        return out;
    }

    private static String expected(Path yaml) {
        return stem(yaml) + ".expected.json";
    }

    private static String stem(Path yaml) {
        String name = String.valueOf(yaml.getFileName());
        return name.endsWith(".yaml") ? name.substring(0, name.length() - 5) : name + "?";
    }

    /** One case of a file NAME.yaml with NAME.expected.json beside it. */
    public static FidelityCase load(Path file, boolean hboneRun) throws IOException {
        Map<String, Object> keys = Yamls.map(Yamls.load(Files.readString(file)));
        List<FidelityRequest> requests = new ArrayList<>();
        for (Object r : Yamls.list(keys.get("requests"))) {
            requests.add(new FidelityRequest(Yamls.map(r)));
        }
        List<JsonNode> wanted = new ArrayList<>();
        JSON.readTree(file.resolveSibling(expected(file)).toFile())
                .get("results")
                .forEach(wanted::add);
        if (wanted.size() != requests.size()) {
            throw new IOException(
                    file + " has " + requests.size() + " requests but " + wanted.size() + " recorded answers");
        }
        boolean hbone = keys.containsKey("hbone") ? Boolean.TRUE.equals(keys.get("hbone")) : hboneRun;
        return new FidelityCase(stem(file), keys, hbone, requests, wanted);
    }

    public String rule() {
        return Yamls.text(keys.getOrDefault("rule", keys.get("title")));
    }

    boolean logs() {
        Object log = keys.get("log");
        return log != null && !Boolean.FALSE.equals(log);
    }

    boolean logsAll() {
        return "all".equals(keys.get("log"));
    }

    /** Is the request's answer not Envoy's on purpose? */
    public boolean better(FidelityRequest r) {
        return keys.get("better") != null || r.on("better");
    }

    public boolean random() {
        return requests.stream().anyMatch(FidelityRequest::random);
    }

    /** The whole YAML that the program under test gets. */
    public String mesh() {
        List<String> extra = new ArrayList<>();
        Object config = keys.get("config");
        for (String d :
                (config == null ? "" : Yamls.text(config)).replace("\r", "").split("\n---\n", -1)) {
            if (!d.isBlank() && !d.strip().equals("---")) {
                extra.add(RouteDefaults.apply(d));
            }
        }
        Set<String> replaced = new HashSet<>();
        extra.forEach(d -> replaced.add(id(d)));
        Set<String> apps = new HashSet<>();
        Yamls.list(keys.get("apps")).forEach(a -> apps.add(Yamls.text(a)));
        List<String> all = new ArrayList<>();
        for (String d :
                BaseMesh.yaml(hbone, Yamls.map(keys.get("namespaces")), keys.get("apps") == null ? null : apps)) {
            if (!replaced.contains(id(d))) {
                all.add(trim(d));
            }
        }
        extra.forEach(d -> all.add(trim(d)));
        return String.join("\n---\n", all) + "\n";
    }

    private static String trim(String document) {
        int from = 0;
        int to = document.length();
        while (from < to && document.charAt(from) == '\n') {
            from++;
        }
        while (to > from && document.charAt(to - 1) == '\n') {
            to--;
        }
        return document.substring(from, to);
    }

    private static String id(String document) {
        Map<String, Object> o = Yamls.map(Yamls.load(document));
        Map<String, Object> metadata = Yamls.map(o.get("metadata"));
        return Yamls.text(o.get("kind")) + "/" + Yamls.text(metadata.getOrDefault("namespace", "")) + "/"
                + Yamls.text(metadata.get("name"));
    }

    /** Writes mesh.yaml and, if the case has one, the mesh config into the directory. */
    void writeConfig(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("mesh.yaml"), mesh());
        Object meshConfig = keys.get("meshConfig");
        if (meshConfig instanceof Map<?, ?> m && !m.isEmpty()) {
            Files.writeString(
                    directory.resolve("meshconfig.yaml"),
                    Yamls.dump(Map.of(
                            "apiVersion",
                            "v1",
                            "kind",
                            "ConfigMap",
                            "metadata",
                            Map.of("name", "istio", "namespace", "istio-system"),
                            "data",
                            Map.of("mesh", Yamls.dump(m)))));
        }
    }
}
