package io.milepost.config.analyze;

import io.milepost.config.kube.Finding;
import io.milepost.config.kube.Finding.Severity;
import io.milepost.config.kube.ObjectStatus;
import io.milepost.mesh.SourceRef;
import java.util.List;

/**
 * What was found, by object; objects that are fine are listed too. Equal input gives an equal analysis.
 *
 * @param waypoints for which it was made, as namespace/name
 */
public record Analysis(List<String> waypoints, List<Entry> entries) {
    public Analysis {
        waypoints = List.copyOf(waypoints);
        entries = List.copyOf(entries);
    }

    /** @param object a file, when its text could not be read */
    public record Entry(SourceRef object, List<ObjectStatus.Parent> parents, List<Finding> findings) {
        public Entry {
            parents = List.copyOf(parents);
            findings = List.copyOf(findings);
        }
    }

    public long count(Severity severity) {
        return entries.stream()
                .flatMap(e -> e.findings().stream())
                .filter(f -> f.severity() == severity)
                .count();
    }

    /** Findings that are errors, and conditions that are false although the object is meant for a waypoint. */
    public long errors() {
        return count(Severity.ERROR)
                + entries.stream()
                        .flatMap(e -> e.parents().stream())
                        .flatMap(p -> p.conditions().stream())
                        .filter(c -> !c.status() && !c.reason().equals(ObjectStatus.NOT_A_WAYPOINT))
                        .count();
    }

    public boolean hasErrors() {
        return errors() > 0;
    }
}
