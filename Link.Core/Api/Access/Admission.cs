namespace Link.Core.Api.Access;

/// <summary>Whether a request may come in: either the caller, or the answer that refuses it.</summary>
internal readonly record struct Admission(Caller? Caller, ApiAnswer? Refusal)
{
    public static Admission Of(Caller caller) => new(caller, null);

    public static Admission Refused(ApiAnswer answer) => new(null, answer);
}
