import {
  Checkbox,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  TextArea,
  TextInput,
} from '@patternfly/react-core';
import type { ReactElement, ReactNode } from 'react';
import { Controller, type FieldPath, type FieldValues, type UseFormReturn } from 'react-hook-form';

export interface FieldProps<Values extends FieldValues> {
  readonly form: UseFormReturn<Values>;
  readonly name: FieldPath<Values>;
  readonly label: string;
  readonly hint?: ReactNode;
  readonly isRequired?: boolean;
}

/** A label, a control and, below it, the hint or what is wrong. */
export function Field<Values extends FieldValues>(
  props: FieldProps<Values> & { readonly children: ReactNode },
): ReactElement {
  const { form, name, label, hint, isRequired = false } = props;
  const { error } = form.getFieldState(name, form.formState);
  return (
    <FormGroup label={label} fieldId={name} isRequired={isRequired}>
      {props.children}
      {(error ?? hint) !== undefined && (
        <FormHelperText>
          <HelperText id={`${name}-help`}>
            <HelperTextItem variant={error ? 'error' : 'default'}>
              {error?.message ?? hint}
            </HelperTextItem>
          </HelperText>
        </FormHelperText>
      )}
    </FormGroup>
  );
}

/** One line of text. */
export function TextField<Values extends FieldValues>(
  props: FieldProps<Values> & {
    readonly inputMode?: 'text' | 'numeric';
    readonly type?: 'text' | 'password' | 'url';
    readonly placeholder?: string;
    readonly autoFocus?: boolean;
  },
): ReactElement {
  const { form, name, inputMode = 'text', type = 'text' } = props;
  return (
    <Field {...props}>
      <Controller
        control={form.control}
        name={name}
        render={({ field, fieldState }) => (
          <TextInput
            id={name}
            ref={field.ref}
            name={name}
            type={type}
            inputMode={inputMode}
            autoComplete="off"
            value={field.value}
            validated={fieldState.error ? 'error' : 'default'}
            aria-describedby={`${name}-help`}
            onBlur={field.onBlur}
            onChange={(_event, value) => field.onChange(value)}
            {...(props.placeholder ? { placeholder: props.placeholder } : {})}
            {...(props.autoFocus ? { autoFocus: true } : {})}
          />
        )}
      />
    </Field>
  );
}

/** Several lines of text. */
export function TextAreaField<Values extends FieldValues>(
  props: FieldProps<Values> & {
    readonly rows?: number;
    readonly isCode?: boolean;
    readonly placeholder?: string;
  },
): ReactElement {
  const { form, name, rows = 4, isCode = false } = props;
  return (
    <Field {...props}>
      <Controller
        control={form.control}
        name={name}
        render={({ field, fieldState }) => (
          <TextArea
            id={name}
            ref={field.ref}
            rows={rows}
            spellCheck={false}
            resizeOrientation="vertical"
            className={isCode ? 'code-area' : ''}
            value={field.value}
            validated={fieldState.error ? 'error' : 'default'}
            aria-describedby={`${name}-help`}
            onBlur={field.onBlur}
            onChange={(_event, value) => field.onChange(value)}
            {...(props.placeholder ? { placeholder: props.placeholder } : {})}
          />
        )}
      />
    </Field>
  );
}

/** A yes or no with its explanation. */
export function CheckField<Values extends FieldValues>(props: {
  readonly form: UseFormReturn<Values>;
  readonly name: FieldPath<Values>;
  readonly label: string;
  readonly description?: string;
}): ReactElement {
  return (
    <Controller
      control={props.form.control}
      name={props.name}
      render={({ field }) => (
        <FormGroup fieldId={props.name}>
          <Checkbox
            id={props.name}
            label={props.label}
            isChecked={Boolean(field.value)}
            onChange={(_event, isChecked) => field.onChange(isChecked)}
            {...(props.description ? { description: props.description } : {})}
          />
        </FormGroup>
      )}
    />
  );
}
