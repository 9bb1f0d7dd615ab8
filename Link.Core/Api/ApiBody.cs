using System.Text.Json;
using System.Text.Unicode;

namespace Link.Core.Api;

/// <summary>A JSON object that a client sent. Reading a field notes what is wrong with it; <see cref="Fault"/> tells it all at once.</summary>
internal sealed class ApiBody
{
    private const string NotKnown = "is not known";
    private const int MaxDepth = 32;
    private const int MaxChecks = 1000;

    // An answer does not give back a megabyte of somebody's mistakes.
    private const int MaxErrors = 20;
    private const int MaxEcho = 100;

    private static readonly JsonElement s_emptyObject = JsonDocument.Parse("{}").RootElement.Clone();

    private readonly JsonElement _root;
    private readonly Dictionary<string, IReadOnlyList<string>> _errors = [];
    private readonly HashSet<string> _known = [];

    private ApiBody(JsonElement root) => _root = root;

    /// <summary>An object without fields.</summary>
    public static ApiBody Empty() => new(s_emptyObject);

    /// <param name="text">JSON. Has to stay until the request is over.</param>
    /// <param name="request">Whose body it is: the end of its client ends the work, and it keeps the document.</param>
    /// <param name="fault">Null, or what to answer.</param>
    /// <returns>The object; or null and why the text is none.</returns>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    public static ApiBody? Parse(ReadOnlyMemory<byte> text, ApiRequest request, out ApiAnswer? fault)
    {
        fault = null;
        if (text.IsEmpty)
        {
            fault = ApiAnswer.Error(400, "the body is empty; expected a JSON object");
            return null;
        }

        if (!Utf8.IsValid(text.Span))
        {
            fault = ApiAnswer.Error(400, "the body is not UTF-8");
            return null;
        }

        JsonElement root;
        try
        {
            root = request.Memory.Keep(JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth })).RootElement;
        }
        catch (JsonException broken)
        {
            fault = ApiAnswer.Error(400, $"broken JSON at line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}: {Explanation(broken)}");
            return null;
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            fault = ApiAnswer.Error(400, $"the body is {Name(root.ValueKind)}; expected a JSON object");
            return null;
        }

        string? ambiguity = JsonAmbiguity.Find(root, request.ClientGone);
        if (ambiguity is not null)
        {
            fault = ApiAnswer.Error(400, ambiguity);
            return null;
        }

        return new ApiBody(root);
    }

    public string? Text(string field, bool required = false)
    {
        if (!Find(field, required, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        Note(field, $"is {Name(value.ValueKind)}; expected a text");
        return null;
    }

    public int Integer(string field)
    {
        if (!Find(field, required: false, out JsonElement value))
        {
            return 0;
        }

        return Integer(field, value);
    }

    public bool Flag(string field)
    {
        if (!Find(field, required: false, out JsonElement value))
        {
            return false;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Note(field, $"is {Name(value.ValueKind)}; expected true or false");
        return false;
    }

    /// <summary>A copy, which outlives the request.</summary>
    public JsonElement Object(string field)
    {
        if (!Find(field, required: true, out JsonElement value))
        {
            return s_emptyObject;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            Note(field, $"is {Name(value.ValueKind)}; expected an object");
            return s_emptyObject;
        }

        return value.Clone();
    }

    /// <summary>A list of checks. Go's clients write an empty list as <c>null</c>.</summary>
    public IReadOnlyList<HealthCheckContract> Checks(string field, bool required = false)
    {
        _known.Add(field);
        if (!_root.TryGetProperty(field, out JsonElement value))
        {
            if (required)
            {
                Note(field, "is missing");
            }

            return [];
        }

        if (value.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            Note(field, $"is {Name(value.ValueKind)}; expected a list of checks");
            return [];
        }

        if (value.GetArrayLength() > MaxChecks)
        {
            Note(field, $"has more than {MaxChecks} checks");
            return [];
        }

        List<HealthCheckContract> checks = [];
        foreach (JsonElement item in value.EnumerateArray())
        {
            HealthCheckContract? check = Check($"{field}[{checks.Count}]", item);
            if (check is null)
            {
                return [];
            }

            checks.Add(check);
        }

        return checks;
    }

    /// <summary>Accepts a field and forgets it: older clients send their whole record.</summary>
    public void Ignore(string field) => _known.Add(field);

    /// <summary>What is wrong with the fields, those included that nobody asked for; null: nothing.</summary>
    public ApiAnswer? Fault()
    {
        foreach (JsonProperty property in _root.EnumerateObject())
        {
            if (_errors.Count == MaxErrors)
            {
                break;
            }

            if (!_known.Contains(property.Name))
            {
                Note(property.Name, $"{NotKnown}; known: {string.Join(", ", _known.Order(StringComparer.Ordinal))}");
            }
        }

        if (_errors.Count == 0)
        {
            return null;
        }

        // A field that is not known is most often a misspelt one, and explains the one that is missing.
        (string field, IReadOnlyList<string> messages) = _errors.FirstOrDefault(error => error.Value[0].StartsWith(NotKnown, StringComparison.Ordinal), _errors.First());
        string more = _errors.Count > 1 ? $" (and {_errors.Count - 1} more)" : "";
        return ApiAnswer.Invalid($"{field} {messages[0]}{more}", _errors);
    }

    private HealthCheckContract? Check(string path, JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            Note(path, $"is {Name(item.ValueKind)}; expected an object with type, host and port");
            return null;
        }

        int before = _errors.Count;
        string? type = null;
        string? host = null;
        int? port = null;
        foreach (JsonProperty property in item.EnumerateObject())
        {
            string at = $"{path}.{property.Name}";
            switch (property.Name)
            {
                case "type" when property.Value.ValueKind == JsonValueKind.String:
                    type = property.Value.GetString();
                    break;
                case "host" when property.Value.ValueKind == JsonValueKind.String:
                    host = property.Value.GetString();
                    break;
                case "type" or "host":
                    Note(at, $"is {Name(property.Value.ValueKind)}; expected a text");
                    break;
                case "port":
                    port = Integer(at, property.Value);
                    break;
                default:
                    Note(at, $"{NotKnown}; known: host, port, type");
                    break;
            }
        }

        if (_errors.Count == before)
        {
            NoteMissing(type is null, $"{path}.type");
            NoteMissing(host is null, $"{path}.host");
            NoteMissing(port is null, $"{path}.port");
        }

        return _errors.Count == before ? new HealthCheckContract(type!, host!, port!.Value) : null;
    }

    private void NoteMissing(bool missing, string path)
    {
        if (missing)
        {
            Note(path, "is missing");
        }
    }

    private bool Find(string field, bool required, out JsonElement value)
    {
        _known.Add(field);
        if (_root.TryGetProperty(field, out value) && value.ValueKind != JsonValueKind.Null)
        {
            return true;
        }

        if (required)
        {
            Note(field, "is missing");
        }

        return false;
    }

    private int Integer(string field, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number)
        {
            Note(field, $"is {Name(value.ValueKind)}; expected a whole number");
            return 0;
        }

        if (value.TryGetInt32(out int number))
        {
            return number;
        }

        Note(field, $"is {Shorten(value.GetRawText())}; expected a whole number of 32 bits");
        return 0;
    }

    private void Note(string field, string message)
    {
        if (_errors.Count < MaxErrors)
        {
            _errors.TryAdd(Shorten(field), [message]);
        }
    }

    private static string Shorten(string text) => text.Length <= MaxEcho ? text : $"{text.AsSpan(0, MaxEcho)}...";

    private static string Explanation(JsonException broken)
    {
        int position = broken.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return Shorten(position < 0 ? broken.Message : broken.Message[..position]);
    }

    private static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "a truth value",
    };
}
