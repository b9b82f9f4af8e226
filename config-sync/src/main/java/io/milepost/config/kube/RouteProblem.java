package io.milepost.config.kube;

/**
 * Why a route, or a part of it, is not served as it was written.
 *
 * @param condition the condition of the Gateway API that becomes false: {@code Accepted} or {@code ResolvedRefs}
 * @param reason the reason of that condition, for example {@code BackendNotFound}
 * @param field path below the object
 */
record RouteProblem(String condition, String reason, String message, String field) {
    static RouteProblem accepted(String reason, String message, String field) {
        return new RouteProblem("Accepted", reason, message, field);
    }

    static RouteProblem resolved(String reason, String message, String field) {
        return new RouteProblem("ResolvedRefs", reason, message, field);
    }

    boolean concernsAcceptance() {
        return condition.equals("Accepted");
    }
}
