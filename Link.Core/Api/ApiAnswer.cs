using System.Text.Json;

namespace Link.Core.Api;

/// <summary>What a route answers. The body is JSON with a newline at its end, as LinK writes it, or empty.</summary>
internal sealed record ApiAnswer(int Status, ReadOnlyMemory<byte> Body)
{
    public static readonly ApiAnswer NoContent = new(204, ReadOnlyMemory<byte>.Empty);

    private static readonly ApiAnswer s_unauthorized = Error(401, "credentials are missing or wrong") with { Challenge = true };
    private static readonly ApiAnswer s_unauthorizedWithMsg = AddMsg(s_unauthorized);

    /// <summary>Value of the Allow header.</summary>
    public string? Allow { get; init; }

    /// <summary>Value of X-Link-Etcd: etcd's state, when it is not ok and the answer comes from memory.</summary>
    public string? EtcdState { get; init; }

    /// <summary>Ask for credentials.</summary>
    public bool Challenge { get; init; }

    /// <summary>Value of the Retry-After header, in seconds.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>The connection ends with this answer.</summary>
    public bool Closes { get; init; }

    /// <summary>What comes behind <see cref="Body"/>, made while the client reads; null: nothing.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>>? Rest { get; init; }

    public static ApiAnswer Json(int status, Action<Utf8JsonWriter> write) => new(status, ApiJson.Write(write));

    public static ApiAnswer Error(int status, string error) => Json(status, json =>
    {
        json.WriteStartObject();
        json.WriteString("error", OneLine(error));
        json.WriteEndObject();
    });

    /// <summary>422, and which fields are wrong.</summary>
    public static ApiAnswer Invalid(string error, IReadOnlyDictionary<string, IReadOnlyList<string>> fields) => Json(422, json =>
    {
        json.WriteStartObject();
        json.WriteString("error", OneLine(error));
        json.WriteStartObject("errors");
        foreach ((string field, IReadOnlyList<string> messages) in fields)
        {
            json.WriteStartArray(field);
            foreach (string message in messages)
            {
                json.WriteStringValue(message);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    });

    public static ApiAnswer Message(string message) => Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteString("message", OneLine(message));
        json.WriteEndObject();
    });

    public static ApiAnswer NotFound(ApiForm form) => form == ApiForm.Endpoints
        ? Error(404, "Endpoint not found")
        : Json(404, json =>
        {
            json.WriteStartObject();
            json.WriteString("resource", "IP");
            json.WriteString("error", "not found");
            json.WriteEndObject();
        });

    /// <summary>The same each time: whoever asks without credentials costs next to nothing.</summary>
    public static ApiAnswer Unauthorized() => s_unauthorized;

    /// <summary>429, and when to come again: in whole seconds, rounded up.</summary>
    public static ApiAnswer TooMany(string what, long waitMs)
    {
        int seconds = (int)((waitMs + 999) / 1000);
        return Error(429, $"{what}; try again in {seconds} s") with { RetryAfterSeconds = seconds };
    }

    public static ApiAnswer MethodNotAllowed(string method, string allow) =>
        Error(405, $"method {method} is not allowed here; allowed: {allow}") with { Allow = allow };

    /// <summary>The same error, said in <c>msg</c> too.</summary>
    public ApiAnswer WithMsg() => ReferenceEquals(this, s_unauthorized) ? s_unauthorizedWithMsg : AddMsg(this);

    private static ApiAnswer AddMsg(ApiAnswer answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer.Body);
        JsonElement fields = document.RootElement;
        return !fields.TryGetProperty("error", out JsonElement error) ? answer : answer with
        {
            Body = ApiJson.Write(json =>
            {
                json.WriteStartObject();
                foreach (JsonProperty field in fields.EnumerateObject())
                {
                    field.WriteTo(json);
                }

                json.WritePropertyName("msg");
                error.WriteTo(json);
                json.WriteEndObject();
            }),
        };
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();
}
