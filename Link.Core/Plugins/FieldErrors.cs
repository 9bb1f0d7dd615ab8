namespace Link.Core.Plugins;

/// <summary>Collects what is wrong with a configuration, field by field.</summary>
internal sealed class FieldErrors
{
    private readonly Dictionary<string, List<string>> _errors = [];

    public bool IsEmpty => _errors.Count == 0;

    public void Add(string field, string message)
    {
        if (!_errors.TryGetValue(field, out var messages))
            _errors[field] = messages = [];
        messages.Add(message);
    }

    public IReadOnlyDictionary<string, IReadOnlyList<string>> ToDictionary()
    {
        var errors = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var (field, messages) in _errors)
            errors[field] = messages;
        return errors;
    }
}
