package io.milepost.waypoint.admin;

import io.milepost.config.kube.Finding;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the translator had to say: which field of which object has no effect or another one, and how to mend it. */
final class FindingsPage {
    private FindingsPage() {}

    static Answer render(List<Finding> findings, boolean json) {
        if (json) {
            List<Map<String, Object>> out = new ArrayList<>();
            for (Finding f : findings) {
                Map<String, Object> m = new LinkedHashMap<>();
                m.put("severity", f.severity());
                m.put("kind", f.source().kind());
                m.put("namespace", f.source().namespace());
                m.put("name", f.source().name());
                m.put("field", f.source().field());
                m.put("message", f.message());
                out.add(m);
            }
            return Answer.json(Json.text(out));
        }
        if (findings.isEmpty()) {
            return Answer.text(200, "nothing to report: every field of every object is understood\n");
        }
        StringBuilder s = new StringBuilder();
        findings.forEach(f -> s.append(f).append('\n'));
        return Answer.text(200, s.toString());
    }
}
