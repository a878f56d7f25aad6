SELECT {{ schema }}.t, '{{ a }}', E'{{ b }}' , {{ c | raw }} $$ {{ d }} ${flyway:x} $$ "{{ e }}" -- {{ f }}
/* ${g} */ t_${h}
