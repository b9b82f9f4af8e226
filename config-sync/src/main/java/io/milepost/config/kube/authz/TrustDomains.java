package io.milepost.config.kube.authz;

import io.milepost.mesh.MeshSettings;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Trust-domain aliases: a principal of one of the mesh's domains stands for the same account in all of them.
 *
 * <p>Only principals of five parts are expanded (measured; measured-behaviour.md, Authorization 10).
 */
final class TrustDomains {
    private static final String LOCAL = "cluster.local";

    private final List<String> domains;

    TrustDomains(MeshSettings mesh) {
        domains = new ArrayList<>();
        domains.add(mesh.trustDomain());
        domains.addAll(mesh.aliases());
    }

    List<String> expand(String principal) {
        String[] parts = principal.split("/", -1);
        String domain = parts[0];
        if (parts.length != 5 || !isOurs(domain)) {
            return List.of(principal);
        }
        String rest = principal.substring(domain.length());
        Set<String> out = new LinkedHashSet<>();
        for (String d : domains) {
            // a wildcard that covers the domain already says it
            out.add(domain.startsWith("*") && d.endsWith(domain.substring(1)) ? principal : d + rest);
        }
        return List.copyOf(out);
    }

    private boolean isOurs(String domain) {
        if (domain.equals(LOCAL)) {
            return true;
        }
        for (String d : domains) {
            if (d.equals(domain)
                    || domain.startsWith("*") && d.endsWith(domain.substring(1))
                    || domain.endsWith("*") && d.startsWith(domain.substring(0, domain.length() - 1))) {
                return true;
            }
        }
        return false;
    }
}
