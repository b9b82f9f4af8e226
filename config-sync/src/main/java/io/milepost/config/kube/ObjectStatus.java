package io.milepost.config.kube;

import io.milepost.mesh.SourceRef;
import java.util.List;

/**
 * What a controller would write into the status of an object.
 *
 * @param parents one entry per parentRef or ancestor; an object without parents has one that names nobody
 */
public record ObjectStatus(SourceRef object, List<Parent> parents) {
    /** Reason of objects that an ingress serves: no mistake. */
    public static final String NOT_A_WAYPOINT = "NotAWaypoint";

    public ObjectStatus {
        parents = List.copyOf(parents);
    }

    /** @param name for example {@code Service default/reviews port 9080} */
    public record Parent(String name, List<Condition> conditions) {
        public Parent {
            conditions = List.copyOf(conditions);
        }
    }

    /** @param type for example {@code Accepted} */
    public record Condition(String type, boolean status, String reason, String message) {}
}
