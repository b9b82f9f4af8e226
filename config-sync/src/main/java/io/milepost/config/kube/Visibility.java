package io.milepost.config.kube;

import java.util.List;
import java.util.Optional;

/** {@code exportTo} of VirtualServices, DestinationRules and services. */
final class Visibility {
    private Visibility() {}

    /** Whether an object of a namespace is visible in another one; an empty list is everywhere. */
    static boolean visible(List<String> exportTo, String own, String viewer) {
        return rank(exportTo, own, viewer).isPresent();
    }

    /** With the place of a VirtualService in the order of lists (recorded from istiod). */
    static Optional<RouteList.Rank> rank(List<String> exportTo, String own, String viewer) {
        if (exportTo.isEmpty() || exportTo.contains("*")) {
            return Optional.of(RouteList.Rank.OTHERS);
        }
        if (exportTo.contains("~")) {
            return Optional.empty();
        }
        if (own.equals(viewer) && (exportTo.contains(".") || exportTo.contains(own))) {
            return Optional.of(RouteList.Rank.PRIVATE);
        }
        return exportTo.contains(viewer) ? Optional.of(RouteList.Rank.EXPORTED) : Optional.empty();
    }
}
