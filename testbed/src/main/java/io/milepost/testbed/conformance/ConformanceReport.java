package io.milepost.testbed.conformance;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What came out, in the form of the Gateway API's own ConformanceReport. */
public final class ConformanceReport {
    static final ObjectMapper JSON = new ObjectMapper();

    private record Outcome(ConformanceTable.Test test, boolean passed) {}

    private final List<Outcome> outcomes = new ArrayList<>();

    /** Notes a test; it has passed if all its requests have. */
    public void add(ConformanceTable.Test test, boolean passed) {
        outcomes.add(new Outcome(test, passed));
    }

    /** Writes the report. */
    public void write(Path file, String version) throws IOException {
        ObjectNode root = ConformanceTable.YAML.createObjectNode();
        root.put("apiVersion", "gateway.networking.k8s.io/v1");
        root.put("kind", "ConformanceReport");
        root.put("date", Instant.now().toString());
        root.put("gatewayAPIChannel", "experimental");
        ObjectNode implementation = root.putObject("implementation");
        implementation.put("organization", "milepost");
        implementation.put("project", "milepost");
        implementation.put("url", "");
        implementation.put("version", version);
        implementation.putArray("contact");
        root.put("mode", "replay: tables re-expressed and played without a cluster, see docs/conformance.md");
        ArrayNode profiles = root.putArray("profiles");
        TreeMap<String, List<Outcome>> by = new TreeMap<>();
        outcomes.forEach(o ->
                by.computeIfAbsent(o.test().profile(), p -> new ArrayList<>()).add(o));
        by.forEach((name, all) -> {
            ObjectNode p = profiles.addObject();
            p.put("name", name);
            part(p.putObject("core"), all.stream().filter(o -> o.test().core()).toList());
            ObjectNode extended = p.putObject("extended");
            List<Outcome> more = all.stream().filter(o -> !o.test().core()).toList();
            part(extended, more);
            Set<String> features = new TreeSet<>();
            more.stream()
                    .filter(Outcome::passed)
                    .forEach(o -> features.addAll(o.test().features()));
            more.stream()
                    .filter(o -> !o.passed())
                    .forEach(o -> o.test().features().forEach(features::remove));
            ArrayNode supported = extended.putArray("supportedFeatures");
            features.forEach(supported::add);
        });
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, ConformanceTable.YAML.writeValueAsString(root));
    }

    private static void part(ObjectNode part, List<Outcome> outcomes) {
        List<Outcome> failed = outcomes.stream().filter(o -> !o.passed()).toList();
        part.put("result", failed.isEmpty() ? "success" : "failure");
        ObjectNode statistics = part.putObject("statistics");
        statistics.put("Failed", failed.size());
        statistics.put("Passed", outcomes.size() - failed.size());
        statistics.put("Skipped", 0);
        if (!failed.isEmpty()) {
            ArrayNode names = part.putArray("failedTests");
            failed.forEach(o -> names.add(o.test().name()));
        }
    }
}
