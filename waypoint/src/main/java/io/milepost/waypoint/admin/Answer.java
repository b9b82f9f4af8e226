package io.milepost.waypoint.admin;

/** What a site says; {@code body} is written in UTF-8. */
record Answer(int status, String contentType, String body) {
    static final String TEXT = "text/plain; charset=utf-8";
    static final String JSON = "application/json";
    static final String HTML = "text/html; charset=utf-8";

    static Answer text(int status, String text) {
        return new Answer(status, TEXT, text);
    }

    static Answer json(String text) {
        return new Answer(200, JSON, text);
    }

    static Answer notFound(String path) {
        return text(404, "nothing at " + path + "\n");
    }

    static Answer wrongMethod(String needed) {
        return text(405, "use " + needed + "\n");
    }
}
