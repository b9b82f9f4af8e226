package io.milepost.filters;

import io.milepost.http.ResponseHead;

/**
 * One step between a request head and its backend. The order of a chain is fixed: ext_authz, token, policy ({@link
 * RbacHttpFilter}), fault ({@link FaultHttpFilter}), CORS ({@link CorsHttpFilter}), then the router.
 *
 * <p>Filters are shared by all requests of a chain and keep nothing of a request; they run on its event loop and never
 * block.
 */
public interface HttpFilter {
    /**
     * Looks at a request before the route changes it.
     *
     * @return what the chain does next; after {@link FilterResult#SUSPEND} it waits for {@link FilterContext#resume} or
     *     {@link FilterContext#reply}
     */
    FilterResult onRequest(FilterContext context);

    /**
     * Changes the head of the final response (not of {@code 1xx}), also of local replies that a later step gave. Called
     * in reverse order, only for filters that the request had reached.
     */
    default void onResponse(FilterContext context, ResponseHead head) {}
}
