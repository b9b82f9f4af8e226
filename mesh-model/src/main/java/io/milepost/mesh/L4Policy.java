package io.milepost.mesh;

/**
 * A selector AuthorizationPolicy as a ztunnel enforces it.
 *
 * @param id {@code namespace/name}
 * @param namespace the namespace it covers; empty covers the mesh (root namespace)
 * @param workloadSelector only for workloads that list it in {@link Workload#policies()}
 */
public record L4Policy(
        String id,
        String namespace,
        boolean workloadSelector,
        Action action,
        boolean dryRun,
        Condition condition,
        SourceRef source) {
    public enum Action {
        ALLOW,
        DENY
    }
}
