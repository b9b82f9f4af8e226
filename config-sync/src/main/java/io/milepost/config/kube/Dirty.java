package io.milepost.config.kube;

import java.util.HashSet;
import java.util.Set;

/** Which parts of a snapshot a change has renewed. */
final class Dirty {
    boolean chains;
    /** Clusters, and with them endpoints. */
    boolean clusters;

    boolean services;
    boolean policies;
    /** Hosts of services whose endpoints changed and nothing else. */
    final Set<String> endpoints = new HashSet<>();
}
