namespace Link.Core.Plugins;

/// <summary>Collects what is wrong with a configuration, field by field. Nobody reads more than a page of it: what goes beyond that is left out.</summary>
internal sealed class FieldErrors
{
    private const int MaxFields = 20;
    private const int MaxMessages = 10;
    private const int MaxName = 160;

    private readonly Dictionary<string, List<string>> _errors = [];

    public bool IsEmpty => _errors.Count == 0;

    public void Add(string field, string message)
    {
        field = ForeignText.Quotable(field, MaxName);
        if (!_errors.TryGetValue(field, out var messages))
        {
            if (_errors.Count == MaxFields)
                return;
            _errors[field] = messages = [];
        }

        if (messages.Count < MaxMessages)
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
