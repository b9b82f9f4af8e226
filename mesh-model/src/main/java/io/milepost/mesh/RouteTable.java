package io.milepost.mesh;

import java.util.List;

/**
 * The ordered rules of a service port: the first that matches wins. Precedence was settled by whoever filled it.
 *
 * @param domains hosts that may use the table: {@code *} for all; a wildcard DYNAMIC_DNS host otherwise (404 for others)
 */
public record RouteTable(String name, List<String> domains, List<RouteRule> rules) {
    public RouteTable {
        domains = List.copyOf(domains);
        rules = List.copyOf(rules);
    }
}
