package io.milepost.config.analyze;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.milepost.config.kube.Finding;
import io.milepost.config.kube.Finding.Severity;
import io.milepost.config.kube.ObjectStatus;
import java.util.Locale;

/** An analysis as text for people and as JSON for programs. */
public final class AnalysisText {
    private static final ObjectMapper JSON = new ObjectMapper();

    private AnalysisText() {}

    public static String text(Analysis a) {
        StringBuilder s = new StringBuilder();
        for (Analysis.Entry e : a.entries()) {
            s.append(e.object().toString().strip()).append('\n');
            for (ObjectStatus.Parent p : e.parents()) {
                for (ObjectStatus.Condition c : p.conditions()) {
                    s.append("  ").append(c.status() ? "ok    " : "NOT   ");
                    s.append(c.type()).append(" (").append(c.reason()).append(')');
                    if (!p.name().isEmpty()) {
                        s.append(" at ").append(p.name());
                    }
                    if (!c.status() || c.type().startsWith("istio.io/")) {
                        s.append(": ").append(c.message());
                    }
                    s.append('\n');
                }
            }
            for (Finding f : e.findings()) {
                s.append("  ").append(label(f.severity())).append(' ');
                if (!f.source().field().isEmpty()) {
                    s.append(f.source().field()).append(": ");
                }
                s.append(f.message()).append('\n');
            }
        }
        return s.append('\n').append(summary(a)).append('\n').toString();
    }

    static String summary(Analysis a) {
        return a.entries().size() + " objects, " + a.errors() + " errors, " + a.count(Severity.WARNING) + " warnings"
                + (a.waypoints().isEmpty() ? "" : "; seen from " + String.join(", ", a.waypoints()));
    }

    private static String label(Severity s) {
        return switch (s) {
            case ERROR -> "ERROR ";
            case WARNING -> "warn  ";
            case INFO -> "info  ";
        };
    }

    public static String json(Analysis a) {
        ObjectNode root = JSON.createObjectNode();
        ArrayNode waypoints = root.putArray("waypoints");
        a.waypoints().forEach(waypoints::add);
        root.put("errors", a.errors()).put("warnings", a.count(Severity.WARNING));
        ArrayNode objects = root.putArray("objects");
        for (Analysis.Entry e : a.entries()) {
            ObjectNode o = objects.addObject()
                    .put("kind", e.object().kind())
                    .put("namespace", e.object().namespace())
                    .put("name", e.object().name());
            ArrayNode parents = o.putArray("parents");
            for (ObjectStatus.Parent p : e.parents()) {
                ObjectNode parent = parents.addObject().put("name", p.name());
                ArrayNode conditions = parent.putArray("conditions");
                for (ObjectStatus.Condition c : p.conditions()) {
                    conditions
                            .addObject()
                            .put("type", c.type())
                            .put("status", c.status() ? "True" : "False")
                            .put("reason", c.reason())
                            .put("message", c.message());
                }
            }
            ArrayNode findings = o.putArray("findings");
            for (Finding f : e.findings()) {
                findings.addObject()
                        .put("severity", f.severity().name().toLowerCase(Locale.ROOT))
                        .put("field", f.source().field())
                        .put("message", f.message());
            }
        }
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of texts is always writable", e);
        }
    }
}
